// What every kernel asks of its arguments, and the layouts of features that it reads without a copy.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace actorsup {

// Sizes in the order of the features' axes (B, N, C, H, W), then of the tubes and the grid.
struct Sizes {
  int64_t videos, frames, channels, height, width, tubes, rows, columns;

  int64_t cells() const {
    return height * width;
  }
  int64_t samples() const {
    return rows * columns;
  }
};

// How many elements apart neighbours along each axis of the features are. A frame is contiguous as (C, H, W) or, in
// channels-last layout, as (H, W, C); videos and frames lie anywhere.
struct Layout {
  bool channels_last;
  int64_t video, frame, channel, cell;
};

// Raises ValueError if the arguments do not fit together. The values are looked at on the CPU alone.
Sizes check_arguments(
    at::IntArrayRef features_size,
    at::IntArrayRef output_size,
    const at::Tensor& tubes,
    const at::Tensor& video_index,
    const at::Tensor& weights,
    double spatial_scale);

// Raises ValueError that names the first box that is not finite, weight that is negative or not finite, or index that
// is out of range. Tensors of the CPU.
void check_values(
    const at::Tensor& tubes, const at::Tensor& video_index, const at::Tensor& weights, int64_t num_videos);

// The features themselves if their frames are contiguous in either layout; a contiguous copy otherwise.
at::Tensor with_dense_frames(const at::Tensor& features);

Layout layout_of(const at::Tensor& features);

// The gradient of features of that size, uninitialized.
at::Tensor empty_features(at::IntArrayRef size, bool channels_last, const at::TensorOptions& options);

} // namespace actorsup
