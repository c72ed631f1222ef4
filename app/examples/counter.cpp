/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/*
 * counter: weir from C++11. What was made is undone in reverse by its owners, also where one of them could not be
 * made; an error is an exception with weir's own words.
 *
 *     c++ -std=c++11 -o counter counter.cpp $(pkg-config --cflags --libs weir libdpdk)
 *     ./counter --no-huge -m 256 --no-pci -l 0
 */
#include <cinttypes>
#include <cstdio>
#include <memory>
#include <stdexcept>
#include <string>

#include <rte_eal.h>
#include <rte_lcore.h>

#include <weir/weir.h>

namespace {

const std::uint64_t packets = 100000;

struct Undo {
	void operator()(weir_pipeline *pipeline) const { weir_pipeline_free(pipeline); }
	void operator()(weir_plan *plan) const { weir_plan_free(plan); }
	void operator()(weir_engine *engine) const { weir_engine_destroy(engine); }
};

template <typename T> using Owned = std::unique_ptr<T, Undo>;

/* What a creator gave, or what it says is wrong. */
template <typename T>
Owned<T>
owned(T *made, const weir_error &error)
{
	if (made == nullptr)
		throw std::runtime_error(error.text);
	return Owned<T>(made);
}

void
check(int rc, const weir_error &error)
{
	if (rc != 0)
		throw std::runtime_error(error.text);
}

Owned<weir_pipeline>
describe()
{
	const char *const keys[][3] = {
		{ "source gen", "type", "synth" },
		{ "stage end", "type", "count" },
		{ "stage end", "input", "gen" },
	};
	weir_error error = {};
	auto pipeline = owned(weir_pipeline_create("counter", &error), error);

	for (const auto &key : keys)
		check(weir_pipeline_set(pipeline.get(), key[0], key[1], key[2], &error), error);
	check(weir_pipeline_check(pipeline.get(), &error), error);
	return pipeline;
}

weir_ledger
ledger_of(const weir_engine *engine)
{
	weir_ledger ledger = WEIR_LEDGER_INIT;

	weir_ledger_read(engine, &ledger);
	return ledger;
}

int
run()
{
	weir_error error = {};
	weir_plan_conf conf;
	const unsigned int lcore = rte_lcore_id();
	const std::string lcores = std::to_string(lcore);
	auto pipeline = describe();

	weir_plan_conf_init(&conf);
	conf.lcores = lcores.c_str();
	auto plan = owned(weir_plan_create(pipeline.get(), &conf, &error), error);
	auto engine = owned(weir_engine_create(plan.get(), nullptr, &error), error);

	check(weir_engine_start(engine.get(), &error), error);
	while (ledger_of(engine.get()).received < packets)
		weir_worker_poll(engine.get(), lcore);
	weir_engine_stop(engine.get(), 1000);

	const weir_ledger ledger = ledger_of(engine.get());

	std::printf("received %" PRIu64 " = released %" PRIu64 "; unaccounted %" PRId64 "\n",
		ledger.received, ledger.released, ledger.unaccounted);
	return ledger.unaccounted == 0 ? 0 : 1;
}

} // namespace

int
main(int argc, char **argv)
{
	int status = 1;

	if (rte_eal_init(argc, argv) < 0)
		return status;
	try {
		status = run();
	} catch (const std::exception &e) {
		std::fprintf(stderr, "counter: %s\n", e.what());
	}
	rte_eal_cleanup();
	return status;
}
