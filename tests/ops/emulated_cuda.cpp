// Runs the CUDA kernels on the CPU: what they compute, without a device. The threads of a block take turns, each with a
// stack of its own, and change over where they wait for each other.
#include <ucontext.h>

#include <cmath>
#include <cstdint>
#include <cstring>
#include <functional>
#include <vector>

struct Dimension {
  int64_t x;
};
static Dimension blockIdx, threadIdx, gridDim, blockDim;

struct Fiber {
  ucontext_t context;
  std::vector<char> stack = std::vector<char>(64 << 10);
  bool is_finished = false;
};
static std::vector<Fiber> fibers; // the threads of the block that runs
static ucontext_t scheduler;
static std::function<void()> work;

static void run_fiber() {
  work();
  fibers[threadIdx.x].is_finished = true;
}

struct Barrier {
  int64_t num_threads = 0, num_waiting = 0, generation = 0;

  void wait() {
    if (++num_waiting == num_threads) {
      num_waiting = 0;
      ++generation;
      return;
    }
    for (const auto mine = generation; generation == mine;) {
      swapcontext(&fibers[threadIdx.x].context, &scheduler);
    }
  }
};

static void run_block(int64_t num_threads) {
  fibers = std::vector<Fiber>(num_threads);
  for (auto& fiber : fibers) {
    getcontext(&fiber.context);
    fiber.context.uc_stack.ss_sp = fiber.stack.data();
    fiber.context.uc_stack.ss_size = fiber.stack.size();
    fiber.context.uc_link = &scheduler;
    makecontext(&fiber.context, run_fiber, 0);
  }
  for (bool is_finished = false; !is_finished;) {
    is_finished = true;
    for (int64_t thread = 0; thread < num_threads; ++thread) {
      if (!fibers[thread].is_finished) {
        is_finished = false;
        threadIdx.x = thread;
        swapcontext(&scheduler, &fibers[thread].context);
      }
    }
  }
}

// What the threads of a block share, and those of each warp of it.
static constexpr int kMaximumWarps = 8;
static unsigned char block_memory[48 << 10];
static Barrier whole_block, warps[kMaximumWarps];
static unsigned char exchanged[kMaximumWarps][32][8];

#define __host__
#define __global__
#define __device__
#define __forceinline__ inline
#define __launch_bounds__(threads)
#define __shared__ static

static void __syncthreads() {
  whole_block.wait();
}

// Every lane gives a value; then each may look at all of them.
template <typename T, typename Look>
auto exchange(T value, const Look& look) {
  const auto warp = threadIdx.x / 32;
  std::memcpy(exchanged[warp][threadIdx.x % 32], &value, sizeof(T));
  warps[warp].wait();
  const auto seen = look([warp](int lane) {
    T of_lane;
    std::memcpy(&of_lane, exchanged[warp][lane], sizeof(T));
    return of_lane;
  });
  warps[warp].wait();
  return seen;
}

template <typename T>
T __shfl_sync(unsigned, T value, int source) {
  return exchange(value, [source](const auto& of_lane) { return of_lane(source); });
}

static unsigned __ballot_sync(unsigned, bool vote) {
  return exchange(vote, [](const auto& of_lane) {
    unsigned votes = 0;
    for (int lane = 0; lane < 32; ++lane) {
      votes |= static_cast<unsigned>(of_lane(lane)) << lane;
    }
    return votes;
  });
}

static int __popc(unsigned bits) {
  return __builtin_popcount(bits);
}
static int __ffs(unsigned bits) {
  return __builtin_ffs(static_cast<int>(bits));
}

namespace actorsup {
static unsigned char* shared_memory() {
  return block_memory;
}
} // namespace actorsup

#include "cuda_kernels.cuh"

template <typename... Parameters, typename... Arguments>
void launch(int64_t num_blocks, int64_t num_threads, void (*kernel)(Parameters...), Arguments... arguments) {
  gridDim.x = num_blocks;
  blockDim.x = num_threads;
  whole_block = {num_threads};
  for (auto& warp : warps) {
    warp = {32};
  }
  work = [=] { kernel(arguments...); };
  for (int64_t block = 0; block < num_blocks; ++block) {
    blockIdx.x = block;
    run_block(num_threads);
  }
}

using actorsup::Layout;
using actorsup::Sizes;
using Taps = actorsup::Taps<double>;

extern "C" {

void taps(
    void* taps, int32_t* bad, const double* boxes, const double* weights, const int64_t* video_index,
    const Sizes* sizes, double spatial_scale) {
  launch( // fewer threads than there are taps
      3, 32, actorsup::taps_kernel<double, double>, static_cast<Taps*>(taps), bad, boxes, weights, video_index, *sizes,
      spatial_scale);
}

void to_channels_last(double* target, const double* source, const Layout* layout, const Sizes* sizes) {
  launch(
      actorsup::num_transpose_blocks(*sizes), actorsup::kTile * actorsup::kTileRows,
      actorsup::to_channels_last_kernel<double>, target, source, *layout, *sizes);
}

// `size`: channels of a lane, 1 or 2.
void forward(
    double* pooled, const double* features, int64_t video_stride, int64_t frame_stride, const Sizes* sizes,
    const void* taps, const int64_t* video_index, bool stage_results, int size) {
  launch( // two warps, fewer than rows of a grid
      actorsup::num_forward_blocks(*sizes, size), 64,
      size == 2 ? actorsup::forward_kernel<double, double, 2> : actorsup::forward_kernel<double, double, 1>, pooled,
      features, video_stride, frame_stride, *sizes, static_cast<const Taps*>(taps), video_index, stage_results);
}

void backward(
    double* grad_features, const double* grad, const Layout* layout, const Sizes* sizes, const void* taps,
    const int64_t* video_index, int size) {
  launch(
      actorsup::num_backward_blocks(*sizes, size), actorsup::kBackwardWarps * 32,
      size == 2 ? actorsup::backward_kernel<double, double, 2> : actorsup::backward_kernel<double, double, 1>,
      grad_features, grad, *layout, *sizes, static_cast<const Taps*>(taps), video_index);
}

}
