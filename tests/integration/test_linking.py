# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weir authors
"""The library as an outsider links it: both forms installed, by the commands of the README."""
import glob
import os
import re
import shutil
import subprocess

import prefixed
import weirlib
from prefixed import EXAMPLES, environment, run_embed, shell
from weirlib import BUILD, SANITIZED, TOP, WeirTest

STANDARDS = {"c": ["c11", "c17"], "c++": ["c++11", "c++14", "c++17", "c++20"]}
COMPILERS = {"c": ["gcc", "clang"], "c++": ["g++", "clang++"]}

# Without a NIC, memory or lcores to speak of: what is linked is what counts.
PROGRAM = """\
#include <weir/weir.h>
#include <stdio.h>

/* weir has functions of these names for itself. */
int sized_give, worker_settle;

int
main(void)
{
    struct weir_ledger ledger = WEIR_LEDGER_INIT;
    struct weir_error error;
    struct weir_engine_conf conf;
    struct weir_pipeline *pipeline = weir_pipeline_create("app", &error);

    weir_engine_conf_init(&conf);
    if (pipeline == NULL || weir_plan_create(pipeline, NULL, &error) != NULL)
        return 1;
    weir_pipeline_free(pipeline);
    printf("%s %zu %d\\n", weir_version(), ledger.size, sized_give + worker_settle);
    return weir_stage_find("count") == NULL;
}
"""


def readme_commands():
    """What the README says that one builds an application by: shared, and static."""
    with open(os.path.join(TOP, "README.md"), encoding="utf-8") as file:
        return re.findall(r"`(cc -o embed embed.c [^`]*)`", file.read())


class Linking(prefixed.Prefixed):
    def built(self, command):
        shutil.copy(os.path.join(EXAMPLES, "embed.c"), self.folder)
        shell(self, command, PKG_CONFIG_PATH=os.path.dirname(self.pc))
        return self.path("embed")

    def needed(self, program):
        text = shell(self, "ldd " + program)
        self.assertNotIn("not found", text)
        return text

    def test_shared(self):
        embed = self.built(readme_commands()[0])
        self.assertIn(self.libraries + "/libweir.so", self.needed(embed))
        run_embed(self, embed)

    def test_static(self):
        """One DPDK, though libweir.so lies beside the archive, and is of another."""
        command = readme_commands()[1]
        self.assertIn("--static", command)
        embed = self.built(command)
        self.assertNotRegex(self.needed(embed), "libweir.so|librte_")
        run_embed(self, embed)

    def test_static_alone(self):
        with_shared = glob.glob(self.libraries + "/libweir.so*")
        aside = os.path.join(self.top, "aside")
        os.makedirs(aside, exist_ok=True)
        for library in with_shared:
            shutil.move(library, aside)
        try:
            embed = self.built(readme_commands()[1])
        finally:
            for library in glob.glob(aside + "/*"):
                shutil.move(library, self.libraries)
        run_embed(self, embed)

    def test_internals(self):
        """Of the archive only what the header files say is global."""
        with open(os.path.join(TOP, "lib/weir.map"), encoding="utf-8") as file:
            public = set(re.findall(r"^\t\t(\w+);", file.read(), re.M))
        names = shell(self, "nm -g --defined-only " + self.libraries + "/libweir.a")
        names = {line.split()[2] for line in names.splitlines() if len(line.split()) == 3}
        self.assertEqual(names, public)

    def test_command(self):
        """What is installed in bin finds the library of its own prefix."""
        self.assertIn(self.libraries + "/libweir.so", self.needed(self.root + "/bin/weir"))

    def one_language(self, language, compiler, *flags):
        """Each standard, with and without what only this machine has; the last is linked and run."""
        cflags = [re.sub("^-I(.*dpdk)", r"-isystem\1", flag)
                  for flag in self.pkg_config("--cflags", "weir")]
        source = self.write("program." + {"c": "c", "c++": "cc"}[language], PROGRAM)
        for standard in STANDARDS[language]:
            for machine in [], ["-march=native"]:
                command = [compiler, "-std=" + standard, "-D_GNU_SOURCE", "-Wall",
                           "-Werror", *cflags, *machine, source, "-o", self.path("program"), *flags]
                shell(self, " ".join(command))
                self.assertRegex(shell(self, self.path("program")), "^[0-9.]+ [0-9]+ 0")

    def test_languages(self):
        shared = self.pkg_config("--libs", "weir")
        for language, compilers in COMPILERS.items():
            for compiler in compilers:
                with self.subTest(compiler):
                    if shutil.which(compiler) is None:
                        self.skipTest("there is no " + compiler)
                    self.one_language(language, compiler, *shared)

    def test_names_static(self):
        self.one_language("c", "cc", *self.pkg_config("--static", "--libs", "weir"))


class Places(WeirTest):
    def setUp(self):
        super().setUp()
        if SANITIZED:
            self.skipTest("the sanitized library is not for others")

    def variables(self, path, module):
        return [shell(self, "pkg-config --variable=%s %s" % (name, module),
                      PKG_CONFIG_PATH=path).strip() for name in ("includedir", "libdir")]

    def test_uninstalled(self):
        """Before anything is installed: folders of the source and the build, that exist."""
        path = os.path.join(BUILD, "lib")
        self.assertEqual(self.variables(path, "weir"), [os.path.join(TOP, "include"), path])
        shutil.copy(os.path.join(EXAMPLES, "embed.c"), self.folder)
        for command in readme_commands():
            shell(self, command, PKG_CONFIG_PATH=path)
            run_embed(self, self.path("embed"))

    def test_package(self):
        """Below the folders that the loader looks in there is no path in the program."""
        root = self.path("root")
        subprocess.run(["meson", "install", "-C", BUILD, "--no-rebuild", "--destdir", root],
                       check=True, capture_output=True)
        found = glob.glob(root + "/**/*.pc", recursive=True)
        self.assertEqual(sorted(map(os.path.basename, found)), ["weir-libs.pc", "weir.pc"])
        with open(os.path.join(os.path.dirname(found[0]), "weir-libs.pc"), encoding="utf-8") as file:
            text = file.read()
        prefix = re.search("^prefix=(.*)", text, re.M)[1]
        if prefix in ("/usr", "/usr/local"):
            self.assertNotIn("rpath", text)
            weir = glob.glob(root + "/**/bin/weir", recursive=True)[0]
            self.assertNotRegex(shell(self, "readelf -d " + weir), "RPATH|RUNPATH")


if __name__ == "__main__":
    weirlib.main()
