// The CUDA kernels. The lanes of a warp go along the channels of channels-last features, so that a warp agrees on boxes,
// cells and branches, and whatever it reads lies side by side. Who owns an element of a result gathers all that belongs
// to it, in one order: no atomics, and the same bits in every run.
// Nothing here needs torch, so that a test can run the kernels without a device.
#pragma once

#include <cstdint>

#include "interpolation.h"
#include "sizes.h"

namespace actorsup {

constexpr int kLanes = 32; // of a warp
constexpr unsigned kAllLanes = 0xffffffffu;
constexpr int kTapThreads = 256;
constexpr int kTile = 32; // channels and cells that a block transposes
constexpr int kTileRows = 8; // of them at a time
constexpr int kForwardWarps = 8; // at most: a warp takes one row of a grid at a time
constexpr int kVectorBytes = 16; // of channels a lane, where memory allows it
constexpr int kBackwardWarps = 8; // a warp takes one cell
constexpr int kColumns = 5; // samples of a row whose sums a thread holds at once: the paper's X
constexpr int kReads = 4; // samples of a cell that are read together, so that one waits for memory once

// Channels of one lane, which are read and written at once.
template <typename scalar_t, int kSize>
struct alignas(kSize * sizeof(scalar_t)) Channels {
  scalar_t values[kSize];
};

ACTORSUP_HOST_DEVICE int64_t divide_up(int64_t a, int64_t b) {
  return (a + b - 1) / b;
}

// Blocks of each kernel; `size` is that of `Channels`. They, and sizes along single axes, have to fit into 31 bits:
// divisions of 64 bits would take most of the time.
ACTORSUP_HOST_DEVICE int64_t num_transpose_blocks(const Sizes& sizes) {
  return sizes.videos * sizes.frames * divide_up(sizes.channels, kTile) * divide_up(sizes.cells(), kTile);
}
ACTORSUP_HOST_DEVICE int64_t num_forward_blocks(const Sizes& sizes, int size) {
  return sizes.tubes * divide_up(sizes.channels, kLanes * size);
}
ACTORSUP_HOST_DEVICE int64_t num_backward_blocks(const Sizes& sizes, int size) {
  return sizes.videos * sizes.frames * sizes.height * divide_up(sizes.channels, kLanes * size) *
      divide_up(sizes.width, kBackwardWarps);
}

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

// Channels-last copies of frames (C, H, W). A block copies a tile of channels and cells through shared memory.
template <typename scalar_t>
__global__ void __launch_bounds__(kTile* kTileRows)
    to_channels_last_kernel(scalar_t* target, const scalar_t* source, Layout layout, Sizes sizes) {
  __shared__ scalar_t tile[kTile][kTile + 1];
  const unsigned cells = sizes.cells(), channels = sizes.channels, frames = sizes.frames;
  const unsigned num_cell_tiles = divide_up(cells, kTile), num_channel_tiles = divide_up(channels, kTile);
  const unsigned first_cell = blockIdx.x % num_cell_tiles * kTile;
  const unsigned first_channel = blockIdx.x / num_cell_tiles % num_channel_tiles * kTile;
  const unsigned map = blockIdx.x / num_cell_tiles / num_channel_tiles; // (video, frame)
  const unsigned column = threadIdx.x % kTile, first_row = threadIdx.x / kTile;
  source += map / frames * layout.video + map % frames * layout.frame;
  target += int64_t(map) * cells * channels;
  for (unsigned row = first_row; row < kTile; row += kTileRows) {
    if (first_channel + row < channels && first_cell + column < cells) {
      tile[row][column] = source[int64_t(first_channel + row) * cells + first_cell + column];
    }
  }
  __syncthreads();
  for (unsigned row = first_row; row < kTile; row += kTileRows) {
    if (first_cell + row < cells && first_channel + column < channels) {
      target[int64_t(first_cell + row) * channels + first_channel + column] = tile[column][row];
    }
  }
}

// Adds a sample of one frame, whose two rows of cells begin at `upper` and `lower`.
template <typename scalar_t, typename T, int kSize>
__device__ __forceinline__ void add_sample(
    T (&sums)[kSize], const scalar_t* upper, const scalar_t* lower, int64_t channels, const Taps<T>& row,
    const Taps<T>& column) {
  using Vector = Channels<scalar_t, kSize>;
  const auto upper_left = *reinterpret_cast<const Vector*>(upper + column.first * channels);
  const auto upper_right = *reinterpret_cast<const Vector*>(upper + column.second * channels);
  const auto lower_left = *reinterpret_cast<const Vector*>(lower + column.first * channels);
  const auto lower_right = *reinterpret_cast<const Vector*>(lower + column.second * channels);
#pragma unroll
  for (int c = 0; c < kSize; ++c) {
    sums[c] += row.first_weight *
            (column.first_weight * static_cast<T>(upper_left.values[c]) +
             column.second_weight * static_cast<T>(upper_right.values[c])) +
        row.second_weight *
            (column.first_weight * static_cast<T>(lower_left.values[c]) +
             column.second_weight * static_cast<T>(lower_right.values[c]));
  }
}

// A block pools one tube in the channels of one warp; each warp takes rows of the grid. `features` are (B, N, H, W, C),
// videos and frames lie anywhere; `pooled` is (P, C, Y, X). With `stage_results` the block's results, which lie side by
// side in `pooled`, are collected in shared memory first.
template <typename scalar_t, typename T, int kSize>
__global__ void __launch_bounds__(kForwardWarps* kLanes) forward_kernel(
    scalar_t* pooled, const scalar_t* features, int64_t video_stride, int64_t frame_stride, Sizes sizes,
    const Taps<T>* taps, const int64_t* video_index, bool stage_results) {
  const int lane = threadIdx.x % kLanes, warp = threadIdx.x / kLanes, num_warps = blockDim.x / kLanes;
  const int num_rows = sizes.rows, num_columns = sizes.columns, num_samples = sizes.samples();
  const int taps_of_box = num_rows + num_columns;
  // Blocks that run at the same time look at the same channels of different tubes, and share them in the caches.
  const unsigned num_tubes = sizes.tubes;
  const int64_t tube = blockIdx.x % num_tubes, first_channel = int64_t(blockIdx.x / num_tubes) * kLanes * kSize;
  const int64_t channel = first_channel + lane * kSize;
  scalar_t* of_block = pooled + (tube * sizes.channels + first_channel) * num_samples;
  scalar_t* results = stage_results ? reinterpret_cast<scalar_t*>(shared_memory()) : of_block;
  const scalar_t* maps = features + video_index[tube] * video_stride + channel;
  const int64_t row_stride = sizes.width * sizes.channels;

  for (int j = warp; channel < sizes.channels && j < num_rows; j += num_warps) {
    for (int first_column = 0; first_column < num_columns; first_column += kColumns) {
      T sums[kColumns][kSize] = {};
      for (int64_t frame = 0; frame < sizes.frames; ++frame) {
        const Taps<T>* of_frame = taps + (tube * sizes.frames + frame) * taps_of_box;
        const Taps<T> row = of_frame[j];
        if (row.outside()) {
          continue;
        }
        const scalar_t* upper = maps + frame * frame_stride + row.first * row_stride;
        const scalar_t* lower = maps + frame * frame_stride + row.second * row_stride;
        // Without a branch between them the reads of all samples are under way at once.
        Taps<T> columns[kColumns];
        bool all_inside = first_column + kColumns <= num_columns;
#pragma unroll
        for (int i = 0; i < kColumns; ++i) {
          const int column = first_column + i;
          columns[i] = of_frame[num_rows + (column < num_columns ? column : num_columns - 1)];
        }
#pragma unroll
        for (int i = 0; i < kColumns; ++i) {
          all_inside &= !columns[i].outside();
        }
        if (all_inside) {
#pragma unroll
          for (int i = 0; i < kColumns; ++i) {
            add_sample(sums[i], upper, lower, sizes.channels, row, columns[i]);
          }
        } else {
#pragma unroll
          for (int i = 0; i < kColumns; ++i) {
            if (first_column + i < num_columns && !columns[i].outside()) {
              add_sample(sums[i], upper, lower, sizes.channels, row, columns[i]);
            }
          }
        }
      }
#pragma unroll
      for (int i = 0; i < kColumns; ++i) {
        if (first_column + i < num_columns) {
#pragma unroll
          for (int c = 0; c < kSize; ++c) {
            results[int64_t(lane * kSize + c) * num_samples + j * num_columns + first_column + i] =
                static_cast<scalar_t>(sums[i][c]);
          }
        }
      }
    }
  }
  if (stage_results) {
    __syncthreads();
    const int64_t num_left = sizes.channels - first_channel;
    const int num_results = (num_left < kLanes * kSize ? num_left : kLanes * kSize) * num_samples;
    for (int index = threadIdx.x; index < num_results; index += blockDim.x) {
      of_block[index] = results[index];
    }
  }
}

// A row of samples that touches a row of cells.
template <typename T>
struct Hit {
  int32_t tube;
  int32_t row;
  T weight;
};

// A block owns `kBackwardWarps` neighbouring cells of one row of a map, in the channels of one warp, each warp a cell.
// Together they find the rows of samples that touch the row; each warp then picks the samples that touch its cell.
// `grad` is (P, Y, X, C); `grad_features` are dense in either layout.
template <typename scalar_t, typename T, int kSize>
__global__ void __launch_bounds__(kBackwardWarps* kLanes) backward_kernel(
    scalar_t* grad_features, const scalar_t* grad, Layout layout, Sizes sizes, const Taps<T>* taps,
    const int64_t* video_index) {
  using Vector = Channels<scalar_t, kSize>;
  constexpr int kThreads = kBackwardWarps * kLanes;
  constexpr int kChannels = kLanes * kSize;
  __shared__ Hit<T> hits[kThreads];
  __shared__ int hits_of_warp[kBackwardWarps];
  __shared__ scalar_t results[kChannels][kBackwardWarps + 1];
  const int lane = threadIdx.x % kLanes, warp = threadIdx.x / kLanes;
  const int num_rows = sizes.rows, num_columns = sizes.columns, taps_of_box = num_rows + num_columns;
  const unsigned num_chunks = divide_up(sizes.channels, kChannels);
  const unsigned num_spans = divide_up(sizes.width, kBackwardWarps);
  const unsigned height = sizes.height, num_frames = sizes.frames;
  const int first_cell = blockIdx.x % num_spans * kBackwardWarps, w = first_cell + warp;
  const int64_t first_channel = int64_t(blockIdx.x / num_spans % num_chunks) * kChannels;
  const unsigned map_row = blockIdx.x / num_spans / num_chunks; // (video, frame, h)
  const int h = map_row % height, frame = map_row / height % num_frames;
  const int64_t video = map_row / height / num_frames, channel = first_channel + lane * kSize;
  const bool has_channels = channel < sizes.channels;
  const int num_candidates = sizes.tubes * num_rows;

  T sums[kSize] = {};
  for (int first = 0; first < num_candidates; first += kThreads) {
    // One thread a row of samples; those that touch the row of cells close up, in order.
    const int candidate = first + threadIdx.x;
    Hit<T> hit{candidate / num_rows, candidate % num_rows, T(0)};
    if (candidate < num_candidates && video_index[hit.tube] == video) {
      hit.weight = taps[(hit.tube * sizes.frames + frame) * taps_of_box + hit.row].weight_of(h);
    }
    const unsigned touching = __ballot_sync(kAllLanes, hit.weight != T(0));
    if (lane == 0) {
      hits_of_warp[warp] = __popc(touching);
    }
    __syncthreads();
    int num_before = __popc(touching & ((1u << lane) - 1)), num_hits = 0;
#pragma unroll
    for (int other = 0; other < kBackwardWarps; ++other) {
      num_before += other < warp ? hits_of_warp[other] : 0;
      num_hits += hits_of_warp[other];
    }
    if (hit.weight != T(0)) {
      hits[num_before] = hit;
    }
    __syncthreads();

    // One lane a sample; then all lanes, each in its channels, add up those that touch the warp's cell.
    const int num_samples = w < sizes.width ? num_hits * num_columns : 0;
    for (int base = 0; base < num_samples; base += kLanes) {
      T weight = 0;
      int32_t sample = 0;
      if (base + lane < num_samples) {
        const Hit<T> of_row = hits[(base + lane) / num_columns];
        const int i = (base + lane) % num_columns;
        weight =
            of_row.weight * taps[(of_row.tube * sizes.frames + frame) * taps_of_box + num_rows + i].weight_of(w);
        sample = (of_row.tube * num_rows + of_row.row) * num_columns + i;
      }
      unsigned left = __ballot_sync(kAllLanes, weight != T(0));
      while (left) {
        T weights[kReads];
        Vector grads[kReads];
#pragma unroll
        for (int read = 0; read < kReads; ++read) {
          const int source = left ? __ffs(left) - 1 : 0;
          const T of_source = __shfl_sync(kAllLanes, weight, source);
          const int32_t from = __shfl_sync(kAllLanes, sample, source);
          weights[read] = left ? of_source : T(0);
          if (left && has_channels) {
            grads[read] = *reinterpret_cast<const Vector*>(grad + from * sizes.channels + channel);
          }
          left &= left - 1;
        }
#pragma unroll
        for (int read = 0; read < kReads; ++read) {
          if (weights[read] != T(0) && has_channels) {
#pragma unroll
            for (int c = 0; c < kSize; ++c) {
              sums[c] += weights[read] * static_cast<T>(grads[read].values[c]);
            }
          }
        }
      }
    }
    __syncthreads();
  }

  scalar_t* of_row = grad_features + video * layout.video + frame * layout.frame +
      (int64_t(h) * sizes.width + first_cell) * layout.cell + first_channel * layout.channel;
  if (layout.channels_last) {
    if (w < sizes.width && has_channels) {
      Vector result;
#pragma unroll
      for (int c = 0; c < kSize; ++c) {
        result.values[c] = static_cast<scalar_t>(sums[c]);
      }
      *reinterpret_cast<Vector*>(of_row + warp * layout.cell + lane * kSize) = result;
    }
  } else {
    // The cells of a channel lie side by side: the warps exchange them.
#pragma unroll
    for (int c = 0; c < kSize; ++c) {
      results[lane * kSize + c][warp] = static_cast<scalar_t>(sums[c]);
    }
    __syncthreads();
    for (int index = threadIdx.x; index < kChannels * kBackwardWarps; index += kThreads) {
      const int at_channel = index / kBackwardWarps, at_cell = index % kBackwardWarps;
      if (first_channel + at_channel < sizes.channels && first_cell + at_cell < sizes.width) {
        of_row[at_channel * layout.channel + at_cell] = results[at_channel][at_cell];
      }
    }
  }
}

} // namespace actorsup
