// The CUDA kernels. They read and write channels-last features: the lanes of a warp go along the channels, so that a
// warp agrees on boxes, cells and branches, and whatever it reads or writes lies side by side. Who owns an element of a
// result gathers all that belongs to it, in one order: no atomics, and the same bits in every run.
// Nothing here needs torch, so that a test can run the kernels without a device.
#pragma once

#include <cstdint>

#include "interpolation.h"
#include "sizes.h"

namespace actorsup {

constexpr int kLanes = 32; // of a warp
constexpr unsigned kAllLanes = 0xffffffffu;
constexpr int kTapThreads = 256;
constexpr int kForwardWarps = 8; // at most: a warp takes one row of a grid at a time
constexpr int kBackwardWarps = 8; // a warp takes one cell at a time
constexpr int kColumns = 5; // samples of a row whose sums a thread holds at once: the paper's X
constexpr int kReads = 4; // samples of a cell that are read together, so that one waits for memory once
constexpr int64_t kMaximumBlocks = 1 << 20; // loops over blocks take care of the rest

// Channels of one lane: 16 bytes where memory allows it, else one.
template <typename scalar_t, int kSize>
struct alignas(kSize * sizeof(scalar_t)) Channels {
  scalar_t values[kSize];
};

#ifdef __CUDACC__
// Shared memory of the size that the launch names.
__device__ __forceinline__ unsigned char* shared_memory() {
  extern __shared__ __align__(16) unsigned char memory[];
  return memory;
}
#endif

template <typename T>
__device__ __forceinline__ bool is_finite(T value) {
  return value - value == T(0);
}

// The taps of every box: Y of its rows, which carry the frame's share of the mean, then X of its columns. Those of a
// tube of no video lie outside, so that nothing is read. `bad`, unless null, becomes 1 if a box is not finite, a weight
// negative or not finite, or a video index out of range.
template <typename T, typename box_t>
__global__ void __launch_bounds__(kTapThreads) taps_kernel(
    Taps<T>* taps, int32_t* bad, const box_t* boxes, const box_t* weights, const int64_t* video_index, Sizes sizes,
    T spatial_scale) {
  const int64_t taps_of_box = sizes.rows + sizes.columns;
  const int64_t num_taps = sizes.tubes * sizes.frames * taps_of_box;
  for (int64_t index = int64_t(blockIdx.x) * blockDim.x + threadIdx.x; index < num_taps;
       index += int64_t(gridDim.x) * blockDim.x) {
    const int64_t at = index / taps_of_box, number = index % taps_of_box, tube = at / sizes.frames;
    const box_t* box = boxes + at * 4;
    const box_t weight = weights[at];
    const bool strange = video_index[tube] < 0 || video_index[tube] >= sizes.videos;
    if (bad && number == 0 &&
        (strange || !(weight >= box_t(0)) || !is_finite(weight) || !is_finite(box[0]) || !is_finite(box[1]) ||
         !is_finite(box[2]) || !is_finite(box[3]))) {
      *bad = 1;
    }
    if (strange) {
      taps[index] = {0, 0, T(0), T(0)};
    } else if (number < sizes.rows) {
      T total = 0;
      for (int64_t frame = 0; frame < sizes.frames; ++frame) {
        total += static_cast<T>(weights[tube * sizes.frames + frame]);
      }
      const T share = total > T(0) ? static_cast<T>(weight) / total : T(0);
      Taps<T> row = taps_of_sample(
          static_cast<T>(box[1]), static_cast<T>(box[3]), number, sizes.rows, sizes.height, spatial_scale);
      row.first_weight *= share;
      row.second_weight *= share;
      taps[index] = row;
    } else {
      taps[index] = taps_of_sample(
          static_cast<T>(box[0]), static_cast<T>(box[2]), number - sizes.rows, sizes.columns, sizes.width,
          spatial_scale);
    }
  }
}

// What a row of samples reads of one frame, one column after the other: the cells of its two rows of cells, weighted
// and summed. Neighbouring samples often share a cell, which is read once.
template <typename scalar_t, typename T, int kSize>
struct RowReader {
  const scalar_t* upper;
  const scalar_t* lower;
  int64_t channels;
  T upper_weight, lower_weight;
  int32_t left_cell = -1, right_cell = -1;
  T left[kSize], right[kSize];

  __device__ __forceinline__ void read(int32_t cell, T* into) const {
    const auto above = *reinterpret_cast<const Channels<scalar_t, kSize>*>(upper + cell * channels);
    const auto below = *reinterpret_cast<const Channels<scalar_t, kSize>*>(lower + cell * channels);
#pragma unroll
    for (int k = 0; k < kSize; ++k) {
      into[k] = upper_weight * static_cast<T>(above.values[k]) + lower_weight * static_cast<T>(below.values[k]);
    }
  }

  __device__ __forceinline__ void move_to(const Taps<T>& column) {
    if (column.first != left_cell) {
      if (column.first == right_cell) {
#pragma unroll
        for (int k = 0; k < kSize; ++k) {
          left[k] = right[k];
        }
      } else {
        read(column.first, left);
      }
      left_cell = column.first;
    }
    if (column.second != right_cell) {
      if (column.second == left_cell) {
#pragma unroll
        for (int k = 0; k < kSize; ++k) {
          right[k] = left[k];
        }
      } else {
        read(column.second, right);
      }
      right_cell = column.second;
    }
  }
};

// A block pools one tube in the channels of one warp; each warp takes rows of the grid. `features` are (B, N, H, W, C),
// videos and frames lie anywhere; `pooled` is (P, C, Y, X). With `stage_results` the block's results, which lie side by
// side in `pooled`, are collected in shared memory first.
template <typename scalar_t, typename T, int kSize>
__global__ void __launch_bounds__(kForwardWarps* kLanes) forward_kernel(
    scalar_t* pooled, const scalar_t* features, int64_t video_stride, int64_t frame_stride, Sizes sizes,
    const Taps<T>* taps, const int64_t* video_index, bool stage_results) {
  constexpr int64_t kChannels = kLanes * kSize;
  const int lane = threadIdx.x % kLanes, warp = threadIdx.x / kLanes, num_warps = blockDim.x / kLanes;
  const int64_t num_chunks = (sizes.channels + kChannels - 1) / kChannels;
  const int64_t taps_of_box = sizes.rows + sizes.columns;

  // Blocks that run at the same time look at the same channels of different tubes, and share them in the caches.
  for (int64_t block = blockIdx.x; block < num_chunks * sizes.tubes; block += gridDim.x) {
    const int64_t tube = block % sizes.tubes, first_channel = block / sizes.tubes * kChannels;
    const int64_t channel = first_channel + lane * kSize;
    const bool has_channels = channel < sizes.channels;
    scalar_t* of_block = pooled + (tube * sizes.channels + first_channel) * sizes.samples();
    scalar_t* results = stage_results ? reinterpret_cast<scalar_t*>(shared_memory()) : of_block;
    const scalar_t* map = features + video_index[tube] * video_stride + channel;
    const Taps<T>* of_tube = taps + tube * sizes.frames * taps_of_box;

    for (int64_t j = warp; has_channels && j < sizes.rows; j += num_warps) {
      for (int64_t first_column = 0; first_column < sizes.columns; first_column += kColumns) {
        T sums[kColumns][kSize] = {};
        for (int64_t frame = 0; frame < sizes.frames; ++frame) {
          const Taps<T> row = of_tube[frame * taps_of_box + j];
          if (row.outside()) {
            continue;
          }
          const Taps<T>* columns = of_tube + frame * taps_of_box + sizes.rows + first_column;
          const scalar_t* of_frame = map + frame * frame_stride;
          RowReader<scalar_t, T, kSize> reader{
              of_frame + row.first * sizes.width * sizes.channels,
              of_frame + row.second * sizes.width * sizes.channels, sizes.channels, row.first_weight,
              row.second_weight};
#pragma unroll
          for (int i = 0; i < kColumns; ++i) {
            if (first_column + i < sizes.columns) {
              const Taps<T> column = columns[i];
              if (!column.outside()) {
                reader.move_to(column);
#pragma unroll
                for (int k = 0; k < kSize; ++k) {
                  sums[i][k] += column.first_weight * reader.left[k] + column.second_weight * reader.right[k];
                }
              }
            }
          }
        }
#pragma unroll
        for (int i = 0; i < kColumns; ++i) {
          if (first_column + i < sizes.columns) {
#pragma unroll
            for (int k = 0; k < kSize; ++k) {
              results[(lane * kSize + k) * sizes.samples() + j * sizes.columns + first_column + i] =
                  static_cast<scalar_t>(sums[i][k]);
            }
          }
        }
      }
    }
    if (stage_results) {
      __syncthreads();
      const int64_t left = sizes.channels - first_channel;
      const int64_t num_results = (left < kChannels ? left : kChannels) * sizes.samples();
      for (int64_t index = threadIdx.x; index < num_results; index += blockDim.x) {
        of_block[index] = results[index];
      }
      __syncthreads();
    }
  }
}

// A row of samples that touches a row of cells.
template <typename T>
struct Hit {
  int64_t tube;
  int32_t row;
  T weight;
};

// A block owns `kBackwardWarps` neighbouring cells of one row of a map, in the channels of one warp, each warp a cell.
// Together they find the rows of samples that touch the row; each warp then picks the samples that touch its cell.
// `grad` is (P, Y, X, C) and `grad_features` (B, N, H, W, C), both dense.
template <typename scalar_t, typename T, int kSize>
__global__ void __launch_bounds__(kBackwardWarps* kLanes) backward_kernel(
    scalar_t* grad_features, const scalar_t* grad, Sizes sizes, const Taps<T>* taps, const int64_t* video_index) {
  constexpr int kThreads = kBackwardWarps * kLanes;
  constexpr int64_t kChannels = kLanes * kSize;
  __shared__ Hit<T> hits[kThreads];
  __shared__ int hits_of_warp[kBackwardWarps];
  const int lane = threadIdx.x % kLanes, warp = threadIdx.x / kLanes;
  const int64_t num_chunks = (sizes.channels + kChannels - 1) / kChannels;
  const int64_t num_spans = (sizes.width + kBackwardWarps - 1) / kBackwardWarps;
  const int64_t taps_of_box = sizes.rows + sizes.columns;
  const int64_t num_blocks = sizes.videos * sizes.frames * sizes.height * num_chunks * num_spans;

  for (int64_t block = blockIdx.x; block < num_blocks; block += gridDim.x) {
    const int64_t w = block % num_spans * kBackwardWarps + warp;
    const int64_t channel = block / num_spans % num_chunks * kChannels + lane * kSize;
    const int64_t map_row = block / num_spans / num_chunks; // (video, frame, h)
    const int64_t h = map_row % sizes.height, frame = map_row / sizes.height % sizes.frames;
    const int64_t video = map_row / sizes.height / sizes.frames;
    const bool has_channels = channel < sizes.channels;

    T sums[kSize] = {};
    for (int64_t first = 0; first < sizes.tubes * sizes.rows; first += kThreads) {
      // One thread a row of samples; those that touch the row of cells close up, in order.
      const int64_t candidate = first + threadIdx.x;
      Hit<T> hit{candidate / sizes.rows, static_cast<int32_t>(candidate % sizes.rows), T(0)};
      if (hit.tube < sizes.tubes && video_index[hit.tube] == video) {
        hit.weight = taps[(hit.tube * sizes.frames + frame) * taps_of_box + hit.row].weight_of(h);
      }
      const unsigned touching = __ballot_sync(kAllLanes, hit.weight != T(0));
      if (lane == 0) {
        hits_of_warp[warp] = __popc(touching);
      }
      __syncthreads();
      int num_before = __popc(touching & ((1u << lane) - 1)), num_hits = 0;
      for (int other = 0; other < kBackwardWarps; ++other) {
        num_before += other < warp ? hits_of_warp[other] : 0;
        num_hits += hits_of_warp[other];
      }
      if (hit.weight != T(0)) {
        hits[num_before] = hit;
      }
      __syncthreads();

      // One lane a sample; then all lanes, each in its channels, add up those that touch the warp's cell.
      for (int64_t base = 0; w < sizes.width && base < num_hits * sizes.columns; base += kLanes) {
        T weight = 0;
        int64_t sample = 0;
        if (base + lane < num_hits * sizes.columns) {
          const Hit<T> of_row = hits[(base + lane) / sizes.columns];
          const int64_t i = (base + lane) % sizes.columns;
          weight = of_row.weight *
              taps[(of_row.tube * sizes.frames + frame) * taps_of_box + sizes.rows + i].weight_of(w);
          sample = of_row.tube * sizes.samples() + of_row.row * sizes.columns + i;
        }
        unsigned left = __ballot_sync(kAllLanes, weight != T(0));
        while (left) {
          T weights[kReads];
          Channels<scalar_t, kSize> grads[kReads];
          int source = 0;
#pragma unroll
          for (int read = 0; read < kReads; ++read) {
            // Where none is left the last one is read again, and counts nothing.
            const bool is_left = left != 0;
            source = is_left ? __ffs(left) - 1 : source;
            left &= left - 1;
            const T of_source = __shfl_sync(kAllLanes, weight, source);
            const int64_t from = __shfl_sync(kAllLanes, sample, source);
            weights[read] = is_left ? of_source : T(0);
            if (has_channels) {
              grads[read] =
                  *reinterpret_cast<const Channels<scalar_t, kSize>*>(grad + from * sizes.channels + channel);
            }
          }
          if (has_channels) {
#pragma unroll
            for (int read = 0; read < kReads; ++read) {
#pragma unroll
              for (int k = 0; k < kSize; ++k) {
                sums[k] += weights[read] == T(0) ? T(0) : weights[read] * static_cast<T>(grads[read].values[k]);
              }
            }
          }
        }
      }
      __syncthreads();
    }
    if (w < sizes.width && has_channels) {
      Channels<scalar_t, kSize> result;
#pragma unroll
      for (int k = 0; k < kSize; ++k) {
        result.values[k] = static_cast<scalar_t>(sums[k]);
      }
      *reinterpret_cast<Channels<scalar_t, kSize>*>(
          grad_features + (map_row * sizes.width + w) * sizes.channels + channel) = result;
    }
  }
}

} // namespace actorsup
