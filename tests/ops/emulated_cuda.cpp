// Runs the CUDA kernels on the CPU, with a thread for each thread of a block: what they compute, without a device.
#include <barrier>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <memory>
#include <thread>
#include <vector>

struct Dimension {
  int64_t x;
};
static thread_local Dimension blockIdx, threadIdx;
static Dimension gridDim, blockDim;

// What the threads of a block share, and those of each warp of it.
static constexpr int kMaximumWarps = 8;
static unsigned char block_memory[48 << 10];
static std::unique_ptr<std::barrier<>> whole_block, warps[kMaximumWarps];
static unsigned char exchanged[kMaximumWarps][32][8];

#define __host__
#define __global__
#define __device__
#define __forceinline__ inline
#define __launch_bounds__(threads)
#define __shared__ static

static void __syncthreads() {
  whole_block->arrive_and_wait();
}

template <typename T>
T __shfl_sync(unsigned, T value, int source) {
  const auto warp = threadIdx.x / 32;
  std::memcpy(exchanged[warp][threadIdx.x % 32], &value, sizeof(T));
  warps[warp]->arrive_and_wait();
  std::memcpy(&value, exchanged[warp][source], sizeof(T));
  warps[warp]->arrive_and_wait();
  return value;
}

static unsigned __ballot_sync(unsigned, bool vote) {
  unsigned votes = 0;
  for (int lane = 0; lane < 32; ++lane) {
    votes |= static_cast<unsigned>(__shfl_sync(0u, vote, lane)) << lane;
  }
  return votes;
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
  for (int64_t block = 0; block < num_blocks; ++block) {
    whole_block = std::make_unique<std::barrier<>>(num_threads);
    for (auto& warp : warps) {
      warp = std::make_unique<std::barrier<>>(32);
    }
    std::vector<std::thread> threads;
    for (int64_t thread = 0; thread < num_threads; ++thread) {
      threads.emplace_back([=] {
        blockIdx.x = block;
        threadIdx.x = thread;
        kernel(arguments...);
      });
    }
    for (auto& thread : threads) {
      thread.join();
    }
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
