// What every operator asks of its arguments, and the layouts of features that it reads without a copy.
#pragma once

#include <ATen/core/Tensor.h>

#include "sizes.h"

namespace actorsup {

// Raises ValueError if the shapes and types do not fit together.
Sizes check_arguments(
    at::IntArrayRef features_size,
    at::IntArrayRef output_size,
    const at::Tensor& tubes,
    const at::Tensor& video_index,
    const at::Tensor& weights,
    double spatial_scale);

// The same for the backward, whose grid is that of the gradient (P, C, Y, X).
Sizes check_gradient(
    const at::Tensor& grad,
    at::IntArrayRef features_size,
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
