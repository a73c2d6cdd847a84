// The CUDA kernels. A thread owns elements of the result, in a few channels, and gathers what belongs to them: no two
// threads write the same element and there are no atomics, so that results are the same bits in every run.
// Neighbouring threads go along the channels of channels-last features, and along cells or samples otherwise: what they
// read and write lies side by side. Nothing here needs torch, so that a test can run the kernels without a device.
#pragma once

#include <cstdint>

#include "interpolation.h"
#include "sizes.h"

namespace actorsup {

// Channels of one thread: what they share is read once. The backward has more threads to fill the device with.
constexpr int64_t kForwardChannels = 4;
constexpr int64_t kBackwardChannels = 8;
constexpr int64_t kThreads = 256;
constexpr int64_t kMaximumBlocks = 1 << 20; // the loops over elements take care of the rest

// Which element and which group of channels a thread owns. Its channels are `group`, `group + num_groups`, …, so that
// those of neighbouring threads are neighbours too.
struct Place {
  int64_t element, group;
};

__device__ __forceinline__ Place place_of(int64_t index, int64_t num_elements, int64_t num_groups, bool channels_last) {
  return channels_last ? Place{index / num_groups, index % num_groups}
                       : Place{index % num_elements, index / num_elements};
}

__device__ __forceinline__ int64_t thread_index() {
  return int64_t(blockIdx.x) * blockDim.x + threadIdx.x;
}

__device__ __forceinline__ int64_t num_threads() {
  return int64_t(gridDim.x) * blockDim.x;
}

// The taps of every box: Y of its rows, which carry the weight of the frame, then X of its columns.
template <typename T>
__global__ void __launch_bounds__(kThreads)
    taps_kernel(Taps<T>* taps, const T* boxes, const T* weights, Sizes sizes, T spatial_scale) {
  const int64_t taps_of_box = sizes.rows + sizes.columns;
  for (int64_t index = thread_index(); index < sizes.tubes * sizes.frames * taps_of_box; index += num_threads()) {
    const int64_t number = index % taps_of_box;
    const T* box = boxes + index / taps_of_box * 4;
    if (number < sizes.rows) {
      Taps<T> row = taps_of_sample(box[1], box[3], number, sizes.rows, sizes.height, spatial_scale);
      row.first_weight *= weights[index / taps_of_box];
      row.second_weight *= weights[index / taps_of_box];
      taps[index] = row;
    } else {
      taps[index] =
          taps_of_sample(box[0], box[2], number - sizes.rows, sizes.columns, sizes.width, spatial_scale);
    }
  }
}

template <typename scalar_t, typename T>
__global__ void __launch_bounds__(kThreads) forward_kernel(
    scalar_t* pooled, const scalar_t* features, Layout layout, Sizes sizes, const Taps<T>* taps,
    const int64_t* video_index, int64_t num_groups) {
  const int64_t num_elements = sizes.tubes * sizes.samples();
  for (int64_t index = thread_index(); index < num_elements * num_groups; index += num_threads()) {
    const Place place = place_of(index, num_elements, num_groups, layout.channels_last);
    const int64_t tube = place.element / sizes.samples(), sample = place.element % sizes.samples();
    const scalar_t* map = features + video_index[tube] * layout.video + place.group * layout.channel;
    const Taps<T>* rows = taps + tube * sizes.frames * (sizes.rows + sizes.columns) + sample / sizes.columns;
    const Taps<T>* columns =
        taps + tube * sizes.frames * (sizes.rows + sizes.columns) + sizes.rows + sample % sizes.columns;

    T sums[kForwardChannels] = {};
    for (int64_t frame = 0; frame < sizes.frames; ++frame, map += layout.frame, rows += sizes.rows + sizes.columns,
                 columns += sizes.rows + sizes.columns) {
      const Taps<T> row = *rows, column = *columns;
      if (row.outside() || column.outside()) {
        continue;
      }
      const scalar_t* upper_left = map + (row.first * sizes.width + column.first) * layout.cell;
      const scalar_t* upper_right = map + (row.first * sizes.width + column.second) * layout.cell;
      const scalar_t* lower_left = map + (row.second * sizes.width + column.first) * layout.cell;
      const scalar_t* lower_right = map + (row.second * sizes.width + column.second) * layout.cell;
#pragma unroll
      for (int64_t k = 0; k < kForwardChannels; ++k) {
        if (place.group + k * num_groups < sizes.channels) {
          const int64_t at = k * num_groups * layout.channel;
          sums[k] += row.first_weight *
                  (column.first_weight * static_cast<T>(upper_left[at]) +
                   column.second_weight * static_cast<T>(upper_right[at])) +
              row.second_weight *
                  (column.first_weight * static_cast<T>(lower_left[at]) +
                   column.second_weight * static_cast<T>(lower_right[at]));
        }
      }
    }
#pragma unroll
    for (int64_t k = 0; k < kForwardChannels; ++k) {
      const int64_t channel = place.group + k * num_groups;
      if (channel < sizes.channels) {
        pooled[(tube * sizes.channels + channel) * sizes.samples() + sample] = static_cast<scalar_t>(sums[k]);
      }
    }
  }
}

// `grad` is (P, C, Y, X), dense, in the layout of the features.
template <typename scalar_t, typename T>
__global__ void __launch_bounds__(kThreads) backward_kernel(
    scalar_t* grad_features, const scalar_t* grad, Layout layout, Sizes sizes, const Taps<T>* taps,
    const int64_t* video_index, int64_t num_groups) {
  const int64_t num_elements = sizes.videos * sizes.frames * sizes.cells();
  const int64_t grad_channel = layout.channels_last ? 1 : sizes.samples();
  const int64_t grad_sample = layout.channels_last ? sizes.channels : 1;
  for (int64_t index = thread_index(); index < num_elements * num_groups; index += num_threads()) {
    const Place place = place_of(index, num_elements, num_groups, layout.channels_last);
    const int64_t cell = place.element % sizes.cells(), frame = place.element / sizes.cells() % sizes.frames;
    const int64_t video = place.element / sizes.cells() / sizes.frames;
    const int64_t h = cell / sizes.width, w = cell % sizes.width;

    T sums[kBackwardChannels] = {};
    for (int64_t tube = 0; tube < sizes.tubes; ++tube) {
      if (video_index[tube] != video) {
        continue;
      }
      const Taps<T>* rows = taps + (tube * sizes.frames + frame) * (sizes.rows + sizes.columns);
      const Taps<T>* columns = rows + sizes.rows;
      const scalar_t* of_tube = grad + tube * sizes.channels * sizes.samples() + place.group * grad_channel;
      for (int64_t j = 0; j < sizes.rows; ++j) {
        const T row_weight = rows[j].weight_of(h);
        if (row_weight == 0) {
          continue;
        }
        for (int64_t i = 0; i < sizes.columns; ++i) {
          const T weight = row_weight * columns[i].weight_of(w);
          if (weight == 0) {
            continue;
          }
          const scalar_t* of_sample = of_tube + (j * sizes.columns + i) * grad_sample;
#pragma unroll
          for (int64_t k = 0; k < kBackwardChannels; ++k) {
            if (place.group + k * num_groups < sizes.channels) {
              sums[k] += weight * static_cast<T>(of_sample[k * num_groups * grad_channel]);
            }
          }
        }
      }
    }
    scalar_t* at = grad_features + video * layout.video + frame * layout.frame + cell * layout.cell;
#pragma unroll
    for (int64_t k = 0; k < kBackwardChannels; ++k) {
      const int64_t channel = place.group + k * num_groups;
      if (channel < sizes.channels) {
        at[channel * layout.channel] = static_cast<scalar_t>(sums[k]);
      }
    }
  }
}

} // namespace actorsup
