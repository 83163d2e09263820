// SPDX-License-Identifier: Apache-2.0
// What holds for every plan, on machines and profiles made by chance. VIDEOSTREAM_SEED repeats a run.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <random>

#include "core/planner/plan.h"
#include "tests/core/planner/brute_force.h"
#include "tests/core/planner/plan_checker.h"
#include "tests/core/planner/random_instance.h"

namespace videostream {
namespace {

uint64_t Seed() {
  const char* text = std::getenv("VIDEOSTREAM_SEED");
  return text != nullptr ? std::strtoull(text, nullptr, 10) : 20261123;
}

int Rounds(int few) {
  const char* soak = std::getenv("VIDEOSTREAM_SOAK");
  return soak != nullptr && std::string(soak) == "1" ? few * 20 : few;
}

// Everything of a plan that matters, for comparisons and failures.
std::string Text(const Planning& planning) {
  if (!planning.plan) return "refused: " + planning.error->message;
  std::string text;
  const auto add = [&text](const Choice& choice) { text += " " + choice.backend + "/" + choice.device; };
  for (const StreamPlan& stream : planning.plan->streams) {
    text += stream.name + " " + std::to_string(stream.captured.fourcc);
    add(stream.capture);
    for (const OutputPlan& output : stream.outputs) {
      text += "; " + output.name;
      if (output.converter) add(*output.converter);
      if (output.encoder) add(*output.encoder);
      add(output.allocator);
      add(output.transport);
    }
    text += "\n";
  }
  return text;
}

// The order of everything that a probe enumerates, by chance.
void Shuffle(Inventory& inventory, uint64_t seed) {
  std::mt19937_64 random(seed);
  for (auto& [name, report] : inventory) {
    std::shuffle(report.devices.begin(), report.devices.end(), random);
    for (vstream_device& device : report.devices) {
      std::shuffle(device.formats, device.formats + device.format_count, random);
    }
  }
}

class Property : public testing::Test {
 protected:
  Property() { std::printf("seed %llu\n", static_cast<unsigned long long>(Seed())); }

  static std::string Wrong(const Instance& made, const Planning& planning) {
    std::string text;
    for (const std::string& one : PlanChecker(made.profile, made.inventory, made.options).Check(*planning.plan)) {
      text += one + "\n";
    }
    return text;
  }
};

// Would catch: a plan that breaks a constraint which the search forgets, or counts otherwise than the documents.
TEST_F(Property, EveryPlanKeepsEveryConstraint) {
  int planned = 0;
  for (int i = 0; i < Rounds(300); ++i) {
    const Instance made = RandomInstance(Seed() + static_cast<uint64_t>(i)).Make(3, 3);
    const Planning sut = MakePlan(made.profile, made.inventory, made.options);
    ASSERT_NE(sut.plan.has_value(), sut.error.has_value()) << "round " << i;
    if (!sut.plan) continue;
    ++planned;
    ASSERT_EQ(Wrong(made, sut), "") << "round " << i << "\n" << Text(sut);
  }
  EXPECT_GT(planned, Rounds(300) / 20);
}

// Would catch: a search that stops too early, a bound that cuts off the best plan, a refusal although there is a plan.
TEST_F(Property, NoPlanIsBetter) {
  int planned = 0;
  for (int i = 0; i < Rounds(150); ++i) {
    const uint64_t seed = Seed() + 1000000 + static_cast<uint64_t>(i);
    const Instance made = RandomInstance(seed).Make(2, i % 4 == 0 ? 2 : 1);
    const Planning sut = MakePlan(made.profile, made.inventory, made.options);
    const std::optional<CostVector> best = BruteForce(made.profile, made.inventory, made.options).Best();
    ASSERT_EQ(sut.plan.has_value(), best.has_value()) << "round " << i << "\n" << Text(sut);
    if (!best) continue;
    ++planned;
    const PlanChecker checker(made.profile, made.inventory, made.options);
    ASSERT_EQ(PlanCost(made.profile, checker).Of(*sut.plan), *best) << "round " << i << "\n" << Text(sut);
  }
  EXPECT_GT(planned, Rounds(150) / 20);
}

// Would catch: a choice by the order in which a bus is enumerated, which is another one after the next boot.
TEST_F(Property, TheOrderOfAProbeMeansNothing) {
  for (int i = 0; i < Rounds(150); ++i) {
    const uint64_t seed = Seed() + 2000000 + static_cast<uint64_t>(i);
    Instance made = RandomInstance(seed).Make(4, 3);
    const std::string before = Text(MakePlan(made.profile, made.inventory, made.options));
    Shuffle(made.inventory, seed);
    ASSERT_EQ(Text(MakePlan(made.profile, made.inventory, made.options)), before) << "round " << i;
  }
}

// Would catch: what a driver has refused is planned again, for ever; or a refusal that makes a plan cheaper.
TEST_F(Property, WhatWasRefusedIsNotPlannedAgain) {
  for (int i = 0; i < Rounds(150); ++i) {
    const uint64_t seed = Seed() + 3000000 + static_cast<uint64_t>(i);
    RandomInstance random(seed);
    Instance made = random.Make(3, 2);
    const Planning before = MakePlan(made.profile, made.inventory, made.options);
    for (int more = 0; more < 3; ++more) {
      made.options.nogoods.push_back(random.Refusal());
      const Planning sut = MakePlan(made.profile, made.inventory, made.options);
      if (!sut.plan) continue;
      ASSERT_TRUE(before.plan) << "round " << i;
      ASSERT_EQ(Wrong(made, sut), "") << "round " << i << "\n" << Text(sut);
      const PlanChecker checker(made.profile, made.inventory, made.options);
      const PlanCost cost(made.profile, checker);
      ASSERT_LE(cost.Of(*before.plan), cost.Of(*sut.plan)) << "round " << i;
    }
  }
}

// Would catch: reasons that contradict the plan, and slots that nobody explains.
TEST_F(Property, EverySlotSaysWhatThePlanDoes) {
  for (int i = 0; i < Rounds(100); ++i) {
    const Instance made = RandomInstance(Seed() + 4000000 + static_cast<uint64_t>(i)).Make(3, 2);
    const Planning sut = MakePlan(made.profile, made.inventory, made.options);
    size_t slots = 0;
    for (const StreamSpec& stream : made.profile.streams) slots += 1 + 4 * stream.outputs.size();
    ASSERT_EQ(sut.slots.size(), slots);
    size_t empty = 0;
    for (const Slot& slot : sut.slots) {
      size_t taken = 0;
      for (const Candidate& candidate : slot.candidates) {
        ASSERT_NE(candidate.reason, "") << slot.name << " " << VerdictName(candidate.verdict);
        if (candidate.verdict == Verdict::kTaken) ++taken;
      }
      const bool needed = slot.candidates.empty() || slot.candidates.front().verdict != Verdict::kNotNeeded;
      ASSERT_LE(taken, 1u);
      if (needed && taken == 0) ++empty;
    }
    ASSERT_EQ(sut.plan.has_value(), empty == 0) << "round " << i << "\n" << Text(sut);
  }
}

}  // namespace
}  // namespace videostream
