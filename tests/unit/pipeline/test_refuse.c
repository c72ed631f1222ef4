/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* Every file that must be refused, and what is said then. */
#include "testing.h"

#include <string.h>

#include "pipeline/pipeline.h"
#include "pipeline/types.h"

/* A good start, four lines. */
#define SRC "[source wan]\ntype = synth\n"
#define OUT "[stage out]\ntype = t_sink\ninput = wan\n"
#define LONG50 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
#define LONG LONG50 LONG50 LONG50 LONG50

struct bad {
	const char *text;
	const char *phrase;
};

static const struct bad bad_lines[] = {
	{ "cycles\n", "t.ini:1: a key before any section" },
	{ "name = x\n", "t.ini:1: a key before any section" },
	{ "[pipeline]\nname\n", "t.ini:2: [pipeline] expected KEY = VALUE" },
	{ "[pipeline]\nname\n[pool]\n", "t.ini:2: [pipeline] expected KEY = VALUE" },
	{ "[pipeline]\nname: x\n", "t.ini:2: [pipeline] expected KEY = VALUE" },
	{ "[pipeline]\nna:me = x\n", "t.ini:2: [pipeline] expected KEY = VALUE" },
	{ "[pipeline]\nname ; = x\n", "t.ini:2: [pipeline] expected KEY = VALUE" },
	{ "[pipeline]\n= x\n", "t.ini:2: [pipeline] '' is no key" },
	{ "[pipeline]\nname =\n", "t.ini:2: [pipeline] name has no value" },
	{ "[pipeline]\nname = ; later\n", "t.ini:2: [pipeline] name has no value" },
	{ "[pipeline]\nName = x\n", "t.ini:2: [pipeline] 'Name' is no key" },
	{ "[pipeline]\nname = x\n  y\n", "t.ini:3: [pipeline] expected KEY = VALUE" },
	{ SRC "drop = trunc_l2,\n  trunc_l3\n",
		"t.ini:3: [source wan] drop = trunc_l2,: expected" },
	{ "[pipeline\n", "t.ini:1: expected ] at the end" },
	{ "[pipeline] name = x\n", "t.ini:1: expected nothing behind ]" },
	{ "[pool]\n[pipeline\n", "t.ini:2: expected ] at the end" },
	{ "[]\n", "t.ini:1: expected a section's name between [ and ]" },
	{ "[  ]\n", "t.ini:1: unknown section [  ]" },
	{ "[" LONG50 LONG50 LONG50 LONG50 "]\n", "t.ini:1: the line has more than" },
	{ "[pipeline]\nname = " LONG "\n", "t.ini:2: [pipeline] the line has more than" },
	{ "[pipeline]\nname = " LONG "\n", "characters: end it with \\, and go on with the value" },
	{ "[pipeline]\nname = a \\\n " LONG "\n", "t.ini:3: [pipeline] the line has more than" },
	{ "[pipeline]\nname = x\n  y\n",
		"a value goes on in the next line where its own ends with \\" },
	{ "[pipeline]\nname = x \\\n", "t.ini:2: [pipeline] the file ends where a value goes on" },
	{ "[pipeline]\nname = x \\", "t.ini:2: [pipeline] the file ends where a value goes on" },
	{ "[pipeline]\nname = \\\n\n", "t.ini:2-3: [pipeline] name has no value" },
	{ "[pipeline]\n\\\n", "t.ini:2: [pipeline] expected KEY = VALUE" },
	{ "[pipeline]\n= \\\nx\n", "t.ini:2: [pipeline] expected KEY = VALUE" },
	{ "[pipeline]\nname = x ; \\\n  y\n", "t.ini:3: [pipeline] expected KEY = VALUE" },
	{ "[pipeline]\n\nname = a \\\n  b\n[pool]\n", "t.ini:3-4: [pipeline] name = a b" },
	{ "[pool]\nsize = \\\n; why\n\\\n1x ; \\\n[pipeline]\n",
		"t.ini:2-5: [pool] size = 1x: expected" },
	{ SRC "drop = trunc_l2, \\\n  trunc_l3x\n" OUT,
		"t.ini:3-4: [source wan] drop = trunc_l2, trunc_l3x" },
	{ SRC "mac = \\\n\tx\x01\n", "t.ini:4: [source wan] byte 0x01" },
	{ "[pipeline]\nname = a\x01z\n", "t.ini:2: [pipeline] byte 0x01: expected text" },
	{ "[pipeline]\r\nname = a\rz\r\n", "t.ini:2: [pipeline] byte 0x0d: expected text" },
};

static const struct bad bad_sections[] = {
	{ "[pipelin]\n", "unknown section [pipelin]: expected pipeline, pool, source NAME" },
	{ "[pipelin]\n", "did you mean 'pipeline'?" },
	{ "[stag x]\n", "did you mean 'stage'?" },
	{ SRC "[wan]\n", "t.ini:3: unknown section [wan]" },
	{ "[quite other thing]\n", "unknown section" },
	{ "[stage]\n", "t.ini:1: [stage]: expected [stage NAME]" },
	{ "[stage a b]\n", "[stage a b]: expected [stage NAME]" },
	{ "[source]\n", "expected [source NAME]" },
	{ "[pipeline x]\n", "expected [pipeline]" },
	{ "[pool x]\n", "expected [pool]" },
	{ "[link a]\n", "expected [link FROM TO]" },
	{ "[link a b c]\n", "expected [link FROM TO]" },
	{ "[link a b c d e]\n", "expected [link FROM TO]" },
	{ "[link a. b]\n", "FROM is NODE or NODE.OUTPUT" },
	{ "[link .x b]\n", "FROM is NODE or NODE.OUTPUT" },
	{ "[link a b.x]\n", "a name is at most 23 letters" },
	{ "[stage a.b]\n", "a name is at most 23 letters" },
	{ "[stage a/b]\n", "a name is at most 23 letters" },
	{ "[stage abcdefghijklmnopqrstuvwx]\n", "a name is at most 23 letters" },
	{ "[stage pool]\n", "'pool' is the name of a section of its own" },
	{ "[source pipeline]\n", "'pipeline' is the name of a section of its own" },
	{ "[pool]\n[pool]\n", "t.ini:2: [pool] is given twice, first in line 1" },
	{ "[pipeline]\n[pool]\n[pipeline]\n",
		"t.ini:3: [pipeline] is given twice, first in line 1" },
	{ SRC SRC, "t.ini:3: [source wan] is given twice, first in line 1" },
	{ SRC "[stage  wan]\n",
		"t.ini:3: [stage wan]: the name is taken by [source wan] in line 1" },
	{ "[link a b]\n\n[link  a  b]\n", "t.ini:3: [link a b] is given twice, first in line 1" },
};

static const struct bad bad_keys[] = {
	{ "[pipeline]\nburts = 3\n",
		"t.ini:2: [pipeline] unknown key 'burts'; did you mean 'burst'?" },
	{ "[pipeline]\ncolour = red\n",
		"unknown key 'colour': expected name, burst, numa, hash_seed" },
	{ "[pool]\nsiez = 3\n", "did you mean 'size'?" },
	{ "[link a b]\nonfull = block\n", "did you mean 'on_full'?" },
	{ "[link a b]\nhight = 75%\n", "unknown key 'hight'; did you mean 'high'?" },
	{ "[link a b]\ncolour = 1\n",
		"unknown key 'colour': expected kind, ring, spread, on_full" },
	{ "[link a b]\nreserve.8 = 1%\n", "unknown key 'reserve.8'; did you mean 'reserve.0'?" },
	{ SRC "queue = 2\n", "t.ini:3: [source wan] unknown key 'queue'; did you mean 'queues'?" },
	{ "[source wan]\nqueue = 2\ntype = synth\n",
		"t.ini:2: [source wan] unknown key 'queue'; did you mean 'queues'?" },
	{ "[stage a]\ntype = t_all\nt.unit = 1\n",
		"t.ini:3: [stage a] unknown key 't.unit'; did you mean 't.uint'?" },
	{ "[stage a]\nt.unit = 1\n\ntype = t_all\n",
		"t.ini:2: [stage a] unknown key 't.unit'; did you mean 't.uint'?" },
	{ "[stage a]\ntype = t_pass\nqueues = 1\n", "unknown key 'queues'" },
	{ "[pipeline]\nburst = 3\nburst = 3\n",
		"t.ini:3: [pipeline] key 'burst' is given twice, first in line 2" },
	{ "[stage a]\ntype = t_all\nt.uint = 1\nt.uint = 1\n",
		"t.ini:4: [stage a] key 't.uint' is given twice, first in line 3" },
	{ "[stage a]\ntype = t_pass\ntype = t_pass\n",
		"key 'type' is given twice, first in line 2" },
	{ "[stage a]\ntype = t_pas\n", "[stage a] type = t_pas: expected a type: " },
	{ "[stage a]\ntype = t_pas\n", "did you mean 't_pass'?" },
	{ "[stage a]\ntype = mine\n", ", or one of a shared object that EAL is given by -d" },
	{ "[source a]\ntype = snyth\n", "did you mean 'synth'?" },
	{ "[source a]\ntype = t_pass\n", "[source a] type = t_pass: expected a type: ethdev" },
	{ "[stage a]\ntype = t_bad\n", "default of 'bad' is wrong" },
	{ SRC "device = net_null0\n",
		"t.ini:3: [source wan] key 'device' is for sources of type ethdev, not synth" },
	{ "[source a]\ndevice = net_null0\ntype = synth\n",
		"t.ini:2: [source a] key 'device' is for sources of type ethdev" },
	{ "[source a]\ndescriptors = 512\ntype = synth\n",
		"t.ini:2: [source a] key 'descriptors' is for sources of type ethdev" },
};

static const struct bad bad_values[] = {
	{ "[pipeline]\nname = a b\n",
		"t.ini:2: [pipeline] name = a b: expected at most 23 letters" },
	{ "[pipeline]\nburst = 0\n", "burst = 0: expected a whole number, from 1 to 256" },
	{ "[pipeline]\nburst = 257\n", "burst = 257: expected a whole number, from 1 to 256" },
	{ "[pipeline]\nhash_seed = 0\n",
		"hash_seed = 0: expected random or a whole number, at least 1" },
	{ "[pipeline]\nhash_seed = 0x0\n", "expected random or a whole number, at least 1" },
	{ "[pipeline]\nhash_seed = 0x10000000000000000\n", "expected random or a whole number" },
	{ "[pipeline]\nhash_seed = 18446744073709551616\n", "expected random or a whole number" },
	{ "[pipeline]\nhash_seed = 0xg\n", "expected random or a whole number" },
	{ "[pipeline]\nhash_seed = -1\n", "expected random or a whole number" },
	{ "[pipeline]\nhash_seed = randon\n", "did you mean 'random'?" },
	{ "[pipeline]\nburst = 3k\n", "burst = 3k: expected a whole number" },
	{ "[pipeline]\nburst = -1\n", "burst = -1: expected" },
	{ "[pipeline]\nburst = 1.5\n", "burst = 1.5: expected" },
	{ "[pipeline]\nburst = 0x\n", "burst = 0x: expected" },
	{ "[pipeline]\nburst = 99999999999999999999999\n", "expected a whole number" },
	{ "[pipeline]\nburst = 32 # events\n", "burst = 32 # events: expected" },
	{ "[pipeline]\nnuma = srtict\n",
		"numa = srtict: expected prefer, strict or off; did you mean 'strict'?" },
	{ "[pool]\nsize = 12\n",
		"size = 12: expected auto or a number, also with k, M or G (1024s), from 64 "
		"to 1G" },
	{ "[pool]\nsize = atuo\n", "did you mean 'auto'?" },
	{ "[pool]\nsize = 8K\n", "size = 8K: expected" },
	{ "[pool]\nsize = 99999999999G\n", "size = 99999999999G: expected" },
	{ "[pool]\ndata_room = 65536\n", "expected auto or a number" },
	{ "[pool]\ncache = 513\n", "from 0 to 512" },
	{ "[link a b]\nring = 63\n",
		"expected auto or a number, also with k, M or G (1024s), from 64 to 1M" },
	{ "[link a b]\nring = 1.0001k\n", "ring = 1.0001k: expected" },
	{ "[link a b]\nfull.min = 5\n",
		"full.min = 5: expected a time with ns, us, ms, s, m or h, from 1ns to 1s" },
	{ "[link a b]\nfull.max = 0\n", "full.max = 0: expected a time" },
	{ "[link a b]\nfull.max = 2s\n", "full.max = 2s: expected a time" },
	{ "[link a b]\nfull.max = 0.5ns\n", "full.max = 0.5ns: expected a time" },
	{ "[link a b]\non_full = drop-older\n",
		"t.ini:2: [link a b] on_full = drop-older: expected auto, block, drop-newest, "
		"drop-oldest, drop-priority, drop-flow or drop-late; did you mean 'drop-oldest'?" },
	{ "[link a b]\nhigh = 101%\n", "high = 101%: expected" },
	{ "[link a b]\ndeadline = 11s\n", "deadline = 11s: expected a time" },
	{ "[link a b]\ndeadline = 10ns\n", "deadline = 10ns: expected a time" },
	{ "[link a b]\nblock_timeout = 2\n", "block_timeout = 2: expected a time" },
	{ "[link a b]\ngap_markers = yes\n", "gap_markers = yes: expected on or off" },
	{ "[link a b]\nlinger = 256\n", "linger = 256: expected a whole number, from 0 to 255" },
	{ "[link a b]\nlinger = -1\n", "linger = -1: expected a whole number, from 0 to 255" },
	{ "[link a b]\nspread = cpoy\n",
		"expected flow, round-robin or copy; did you mean 'copy'?" },
	{ "[link a b]\nkind = call\n", "kind = call: expected auto or ring" },
	{ "[source a]\nlcores = 1-\n",
		"lcores = 1-: expected lcores below " RTE_STR(RTE_MAX_LCORE) ", as 1,3-5" },
	{ "[source a]\nlcores = 4-3\n", "expected lcores" },
	{ "[source a]\nlcores = 1,,2\n", "expected lcores" },
	{ "[source a]\nlcores = 4000\n", "expected lcores" },
	{ "[source a]\nnuma = 0x1\n", "numa = 0x1: expected the number of a socket" },
	{ "[source a]\nnuma = 99\n", "numa = 99: expected the number of a socket" },
	{ "[source a]\nidle = sleepy\n", "did you mean 'sleep'?" },
	{ "[source a]\ntunnel = in\n", "tunnel = in: expected inner or outer" },
	{ "[source a]\nfragments = flows\n",
		"fragments = flows: expected datagram or flow; did you mean 'flow'?" },
	{ "[source a]\nunder_pressure = key\n", "under_pressure = key: expected full or key-only" },
	{ "[source a]\ndrop = ok\n",
		"drop = ok: expected a list of malformed, truncated, bad_checksum, " },
	{ "[source a]\ndrop = trunc_l2, trun_l3\n", "did you mean 'trunc_l3'?" },
	{ "[source a]\nvxlan_ports = 4789,\n",
		"vxlan_ports = 4789,: expected UDP ports with commas between them, at most 16" },
	{ "[source a]\nvxlan_ports = 0\n", "vxlan_ports = 0: expected UDP ports" },
	{ "[source a]\nvxlan_ports = 65536\n", "vxlan_ports = 65536: expected UDP ports" },
	{ "[source a]\nvxlan_ports = 4789, 04789\n",
		"none twice or another tunnel's; 04789 is there already" },
	{ "[source a]\nvxlan_ports = 6081\n", "; 6081 is another tunnel's" },
	{ "[source a]\nvxlan_ports = 4789, 4790, 8472\n", "; 4790 is another tunnel's" },
	{ "[source a]\nvxlan_ports = 4789, 8472 9\n", "; 8472 9 is no port" },
	{ "[source a]\nvxlan_ports = 1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17\n",
		"; 17 is one too many" },
	{ "[source a]\ndrop = trunc_l2,\n", "drop = trunc_l2,: expected a list of malformed" },
	{ "[source a]\nqueues = 0\n", "queues = 0: expected auto or a whole number, from 1 to" },
	{ "[stage a]\nworkers = many\n", "workers = many: expected" },
	{ "[stage a]\ninput = wan,\n",
		"input = wan,: expected NODE or NODE.OUTPUT, several with commas" },
	{ "[stage a]\ninput = wan.\n", "expected NODE or NODE.OUTPUT" },
	{ "[stage a]\ninput = wan lan\n", "expected NODE or NODE.OUTPUT" },
	{ "[stage a]\ntype = t_all\nt.uint = 0\n",
		"t.uint = 0: expected a whole number, from 1 to 1000" },
	{ "[stage a]\nt.uint = 0\ntype = t_all\n", "t.ini:2: [stage a] t.uint = 0: expected" },
	{ "[stage a]\ntype = t_all\nt.size = auot\n", "expected auto or none or a number" },
	{ "[stage a]\ntype = t_all\nt.share = 101%\n",
		"t.share = 101%: expected a share with %, from 0% to 100%" },
	{ "[stage a]\ntype = t_all\nt.share = 0.5\n", "expected a share with %" },
	{ "[stage a]\ntype = t_all\nt.real = 2.1\n",
		"t.real = 2.1: expected a number, from 0 to 2" },
	{ "[stage a]\ntype = t_all\nt.real = nan\n", "expected a number" },
	{ "[stage a]\ntype = t_all\nt.flag = yes\n", "t.flag = yes: expected on or off" },
	{ "[stage a]\ntype = t_all\nt.word = grene\n",
		"expected red, green or blue; did you mean 'green'?" },
	{ "[stage a]\ntype = t_all\nt.rate = 1.5\n",
		"expected events a second, also with k, M or G (1000s)" },
	{ "[stage a]\ntype = t_all\nt.duration = 1 us\n",
		"t.duration = 1 us: expected a time with ns, us, ms, s, m or h, from 0 to 2s" },
	{ "[stage a]\ntype = t_all\nt.duration = 0.0000000001s\n", "expected a time" },
	{ "[stage a]\ntype = t_all\nt.duration = 1m\n", "t.duration = 1m: expected a time" },
	{ "[stage a]\ntype = t_all\nt.duration = 5124095577h\n", "expected a time" },
	{ "[stage a]\ntype = t_all\nt.duration = 0.999999999h\n", "expected a time" },
	{ "[stage a]\ntype = t_all\nt.duration = 1min\n", "expected a time" },
	{ "[stage a]\ntype = t_all\nt.duration = 1M\n", "expected a time" },
	{ "[stage a]\ntype = t_all\nt.lcores = x\n", "expected lcores" },
};

/* Files whose every line is fine. */
static const struct bad bad_wholes[] = {
	{ "", "t.ini: a pipeline needs a source: there is no section [source NAME]" },
	{ "; nothing\n\n# here\n", "a pipeline needs a source" },
	{ SRC, "a pipeline needs a stage" },
	{ "[stage a]\ntype = t_pass\ninput = a\n", "a pipeline needs a source" },
	{ SRC OUT "[stage x]\n",
		"t.ini:6: [stage x] key 'type' is missing: expected a registered stage type" },
	{ "[source x]\n" OUT,
		"t.ini:1: [source x] key 'type' is missing: expected type, or the device" },
	{ SRC OUT "[stage x]\ntpye = t_pass\ninput = wan\n",
		"t.ini:7: [stage x] unknown key 'tpye'; did you mean 'type'?" },
	{ "[source wan]\ndevcie = net_null0\n" OUT,
		"t.ini:2: [source wan] unknown key 'devcie'; did you mean 'device'?" },
	{ "[source wan]\ntype = ethdev\n" OUT, "t.ini:1: [source wan] key 'device' is missing" },
	{ SRC OUT "[stage x]\ntype = t_pass\n", "t.ini:6: [stage x] key 'input' is missing" },
	{ SRC OUT "[stage x]\ntype = t_need\ninput = wan\n",
		"t.ini:6: [stage x] key 'needed' is missing: expected a whole number" },
	{ SRC "[stage out]\ntype = t_sink\ninput = wna\n",
		"t.ini:5: [stage out] input = wna: there is no source or stage 'wna'; "
		"did you mean 'wan'?" },
	{ SRC "[stage out]\ntype = t_sink\ninput = nothing\n",
		"there is no source or stage 'nothing'" },
	{ SRC "[stage out]\ntype = t_sink\ninput = wan, wan\n", "'wan' stands there twice" },
	{ SRC "[stage out]\ntype = t_sink\ninput = wan.match\n",
		"source 'wan' has no outputs by name; write wan" },
	{ SRC OUT "[stage x]\ntype = t_pass\ninput = out\n",
		"stage 'out' is a sink: type t_sink has no outputs" },
	{ SRC "[stage f]\ntype = t_fork\ninput = wan\n[stage x]\ntype = t_pass\ninput = f\n",
		"t.ini:8: [stage x] input = f: stage 'f' has several outputs; name one of "
		"f.match, f.other" },
	{ SRC "[stage f]\ntype = t_fork\ninput = wan\n[stage x]\ntype = t_pass\ninput = f.mtach\n",
		"stage 'f' has no output 'mtach', but f.match, f.other; did you mean 'match'?" },
	{ SRC OUT "[source lan]\ntype = synth\n",
		"t.ini:6: [source lan] nobody reads this source: expected a stage with "
		"input = lan" },
	{ SRC OUT "[link wan otu]\n",
		"t.ini:6: [link wan otu] there is no source or stage 'otu'; did you mean 'out'?" },
	{ SRC OUT "[link wna out]\n",
		"[link wna out] there is no source or stage 'wna'; did you mean 'wan'?" },
	{ SRC OUT "[link out wan]\n", "[link out wan] stage 'out' is a sink" },
	{ SRC "[stage a]\ntype = t_pass\ninput = wan\n[link a wan]\n",
		"[link a wan] 'wan' is a source: it reads nothing" },
	{ SRC "[stage a]\ntype = t_pass\ninput = wan\n" OUT "[link a out]\nring = 64\n",
		"t.ini:9: [link a out] there is no such link: 'out' reads wan" },
	{ SRC "[stage a]\ntype = t_pass\ninput = wan\n[stage b]\ntype = t_sink\ninput = a\n"
	      "[link a b]\n[link a.out b]\n",
		"t.ini:10: [link a.out b] is the same link as [link a b]" },
	{ SRC OUT "[link wan out]\nring = 128\nfull = interrupt\n",
		"t.ini:8: [link wan out] full = interrupt: no interrupt tells of room in a ring" },
	{ SRC OUT "[link wan out]\nfull.min = 1ms\n",
		"t.ini:7: [link wan out] full.min is more than full.max" },
	{ SRC OUT "[link wan out]\nhigh = 50%\n",
		"t.ini:6: [link wan out] low = 50% is not below high = 50%" },
	{ SRC OUT "[link wan out]\non_full = drop-late\n",
		"t.ini:7: [link wan out] on_full = drop-late: expected `deadline`" },
	{ SRC OUT "[link wan out]\nreserve.4 = 30%\n",
		"t.ini:7: [link wan out] reserve.4 = 30% is more than reserve.3 = 25%" },
	{ "[pipeline]\nburst = 64\n" SRC OUT "[link wan out]\nring = 100\non_full = drop-oldest\n",
		"[link wan out] ring = 100: drop-oldest needs room for a burst above `high`: expected "
		"at least 128" },
	{ SRC "idle.max = 10ns\n" OUT, "t.ini:1: [source wan] idle.min is more than idle.max" },
	{ "[pipeline]\nburst = 128\n" SRC OUT "[link wan out]\nring = 64\n",
		"t.ini:9: [link wan out] ring = 64: a block link must hold a burst" },
	{ SRC "[stage m]\ntype = t_many\ninput = wan\n[stage x]\ntype = t_sink\ninput = m\n",
		"t.ini:8: [link m x] ring = 1024: a block link must hold a burst, times the events "
		"that 'm' "
		"makes of one: expected at least 3200" },
	{ SRC "[stage h]\ntype = t_held\ninput = wan\n[stage x]\ntype = t_sink\ninput = h\n"
	      "[link h x]\nring = 1099\n",
		"t.ini:10: [link h x] ring = 1099: 'h' may let go of 99 events that it holds "
		"beside the one it got, each as 11: a block link must hold them: expected at "
		"least 1100" },
	{ SRC "checksum = on\n" OUT,
		"t.ini:3: [source wan] checksum = on: a source of type synth has no port" },
	{ "[source wan]\ntype = inject\nchecksum = on\n" OUT, "of type inject has no port" },
	{ SRC "drop = malformed, bad_checksum\n" OUT,
		"t.ini:3: [source wan] drop = malformed, bad_checksum: a source of type synth" },
	{ SRC "drop = bad_l3_checksum\n" OUT, "expected checksum = verify" },
	{ "[source wan]\ntype = inject\nchecksum = off\ndrop = bad_l4_checksum\n" OUT,
		"with checksum = off nobody finds wrong checksums" },
	{ "[source wan]\ntype = pcap\nloop = 2\npath = /dev/null\n" OUT,
		"path = /dev/null: no regular file, which can be read only once: expected loop = 1" },
	{ SRC "[stage n]\ntype = t_needs\ninput = wan\nt.uint = 13\n",
		"t.ini:6: [stage n] t.uint = 13: expected another" },
	{ SRC "[stage n]\ntype = t_needs\ninput = wan\nt.uint = 17\n",
		"t.ini:3: [stage n] its needs() fails" },
	{ SRC "[stage n]\ntype = t_needs\ninput = wan\nt.flag = off\n",
		"t.ini:3: [stage n] type t_needs asks for 300 bytes of state and "
		"18446744073709551615 of memory: expected no more than 17592186044416" },
	{ SRC "[stage n]\ntype = t_tickless\ninput = wan\n",
		"t.ini:3: [stage n] type t_tickless asks for a tick_interval, but has no tick()" },
	{ SRC "[stage a]\ntype = t_pass\ninput = wan, b\n[stage b]\ntype = t_pass\ninput = a\n",
		"lossless cycle a -> b -> a (block)" },
	{ SRC "[stage a]\ntype = t_pass\ninput = wan, a\n",
		"t.ini:5: [link a a] lossless cycle a -> a (block)" },
	{ SRC "[stage a]\ntype = t_pass\ninput = wan, c\n[stage b]\ntype = t_pass\ninput = a\n"
	      "[stage c]\ntype = t_pass\ninput = b\n[link c a]\non_full = block\n",
		"t.ini:13: [link c a] lossless cycle a -> b -> c -> a (block)" },
	{ SRC OUT "[stage a]\ntype = t_pass\ninput = b\n[stage b]\ntype = t_pass\ninput = a\n"
		  "[link a b]\non_full = drop-newest\n",
		"t.ini:8: [stage a] input = b: no source leads here" },
	{ SRC OUT "[stage w]\ntype = t_write\ninput = wan\n",
		"t.ini:7: [stage w] type t_write changes events, but gets shared ones, which "
		"are read-only: "
		"'wan' is read by 'w' and 'out' alike" },
	{ SRC OUT "[stage p]\ntype = t_pass\ninput = wan\n[stage w]\ntype = t_write\ninput = p\n",
		"t.ini:10: [stage w] type t_write changes events, but gets shared ones, which "
		"are read-only: "
		"'wan' is read by 'p' and 'out' alike" },
	{ SRC "[stage w]\ntype = t_write\ninput = wan\nworkers = 2\n[link wan w]\nspread = copy\n",
		"[link wan w] has spread = copy to several workers" },
	{ SRC "[stage p]\ntype = t_pass\ninput = wan\nworkers = 2\n"
	      "[stage w]\ntype = t_write\ninput = p\n"
	      "[link wan p]\nspread = copy\n",
		"[link wan p] has spread = copy to several workers" },
};

static struct weir_pipeline *
load(const char *text, size_t len, struct weir_error *error)
{
	memset(error, 0, sizeof(*error));
	rte_errno = 0;
	return pipeline_load_text("t.ini", text, len, error);
}

static void
said(const struct bad *bad, const struct weir_error *error)
{
	if (error->code == EINVAL && strstr(error->text, bad->phrase) != NULL &&
		strchr(error->text, '\n') == NULL)
		return;
	fail_msg("\nfile:\n%s\nexpected: %s\nsaid:     %s\n", bad->text, bad->phrase, error->text);
}

static void
refuse_load(const struct bad *bad, size_t count)
{
	struct weir_error error;

	for (size_t i = 0; i < count; i++) {
		assert_null(load(bad[i].text, strlen(bad[i].text), &error));
		assert_int_equal(rte_errno, EINVAL);
		said(&bad[i], &error);
		assert_null(pipeline_load_text("t.ini", bad[i].text, strlen(bad[i].text), NULL));
	}
}

static void
test_lines(void **state)
{
	(void)state;
	refuse_load(bad_lines, RTE_DIM(bad_lines));
}

static void
test_sections(void **state)
{
	(void)state;
	refuse_load(bad_sections, RTE_DIM(bad_sections));
}

static void
test_keys(void **state)
{
	(void)state;
	refuse_load(bad_keys, RTE_DIM(bad_keys));
}

static void
test_values(void **state)
{
	(void)state;
	refuse_load(bad_values, RTE_DIM(bad_values));
}

static void
test_wholes(void **state)
{
	struct weir_pipeline *pipeline;
	struct weir_error error;

	(void)state;
	for (size_t i = 0; i < RTE_DIM(bad_wholes); i++) {
		const struct bad *bad = &bad_wholes[i];

		pipeline = load(bad->text, strlen(bad->text), &error);
		if (pipeline == NULL)
			fail_msg("\nfile:\n%s\nnot loaded: %s\n", bad->text, error.text);
		assert_int_equal(weir_pipeline_check(pipeline, &error), -EINVAL);
		said(bad, &error);
		assert_int_equal(weir_pipeline_check(pipeline, NULL), -EINVAL);
		assert_null(pipeline->links);
		assert_null(pipeline->order);
		weir_pipeline_free(pipeline);
	}
}

/* A byte that C strings end at is no end of the line. */
static void
test_nul(void **state)
{
	static const char text[] = "[pipeline]\nname = a\0b\n";
	static const struct bad bad = { text, "t.ini:2: [pipeline] byte 0x00: expected text" };
	struct weir_error error;

	(void)state;
	assert_null(load(text, sizeof(text) - 1, &error));
	said(&bad, &error);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_sections),
		cmocka_unit_test(test_keys),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_wholes),
		cmocka_unit_test(test_nul),
	};

	types_register();
	return cmocka_run_group_tests_name("pipeline refusals", tests, NULL, NULL);
}
