// Torch's own threads, whoever compiles this. `at::parallel_for` is a template: it takes threads of the OpenMP runtime
// that our compiler brings, which is none with Apple's clang, and with other clangs a second one beside torch's.
#pragma once

#include <ATen/TensorIterator.h>
#include <ATen/ops/empty.h>

#include <cstdint>

namespace actorsup {

// What `at::parallel_for(0, num_tasks, grain, run)` does. Torch divides the elements of a tensor among its threads;
// each stands for a task, by its place, and is never read.
template <typename F>
void parallel_for(int64_t num_tasks, int64_t grain, const F& run) {
  auto tasks = at::empty({num_tasks}, at::kByte);
  const auto* first = static_cast<const char*>(tasks.const_data_ptr());
  at::TensorIterator::borrowing_nullary_op(tasks).for_each(
      [&](char** task, const int64_t*, int64_t count, int64_t) { run(*task - first, *task - first + count); }, grain);
}

} // namespace actorsup
