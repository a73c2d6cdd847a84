#include "arguments.h"

#include <ATen/ops/empty.h>
#include <c10/util/Exception.h>

#include <array>
#include <cmath>

namespace actorsup {

namespace {

bool is_dense(const at::Tensor& features, std::array<int, 3> order) {
  int64_t expected = 1;
  for (auto axis = order.rbegin(); axis != order.rend(); ++axis) {
    if (features.size(*axis) != 1 && features.stride(*axis) != expected) {
      return false;
    }
    expected *= features.size(*axis);
  }
  return true;
}

} // namespace

Sizes check_arguments(
    at::IntArrayRef features_size,
    at::IntArrayRef output_size,
    const at::Tensor& tubes,
    const at::Tensor& video_index,
    const at::Tensor& weights,
    double spatial_scale) {
  TORCH_CHECK_VALUE(features_size.size() == 5, "features must have 5 axes, got ", features_size.size());
  TORCH_CHECK_VALUE(
      output_size.size() == 2 && output_size[0] > 0 && output_size[1] > 0,
      "output_size must be (rows, columns), both at least 1, got ",
      output_size);
  const auto num_tubes = video_index.numel();
  const auto num_frames = features_size[1];
  const std::array<int64_t, 3> tubes_size{num_tubes, num_frames, 4};
  const std::array<int64_t, 2> weights_size{num_tubes, num_frames};
  TORCH_CHECK_VALUE(
      tubes.sizes() == at::IntArrayRef(tubes_size) && tubes.is_floating_point(),
      "tubes must be floating point of shape ", at::IntArrayRef(tubes_size), ", got ", tubes.sizes());
  TORCH_CHECK_VALUE(
      weights.sizes() == at::IntArrayRef(weights_size),
      "weights must have the shape ", at::IntArrayRef(weights_size), ", got ", weights.sizes());
  TORCH_CHECK_VALUE(
      video_index.dim() == 1 && video_index.scalar_type() == at::kLong, "video_index must be int64 with one axis");
  TORCH_CHECK_VALUE(
      spatial_scale > 0 && std::isfinite(spatial_scale),
      "spatial_scale must be positive and finite, got ",
      spatial_scale);
  return {
      features_size[0], num_frames, features_size[2], features_size[3], features_size[4],
      num_tubes, output_size[0], output_size[1]};
}

Sizes check_gradient(
    const at::Tensor& grad,
    at::IntArrayRef features_size,
    const at::Tensor& tubes,
    const at::Tensor& video_index,
    const at::Tensor& weights,
    double spatial_scale) {
  TORCH_CHECK_VALUE(grad.dim() == 4, "the gradient must have 4 axes, got ", grad.dim());
  const auto sizes = check_arguments(features_size, grad.sizes().slice(2), tubes, video_index, weights, spatial_scale);
  TORCH_CHECK_VALUE(
      grad.size(0) == sizes.tubes && grad.size(1) == sizes.channels,
      "expected the gradient of ", sizes.tubes, " tubes and ", sizes.channels, " channels, got ", grad.sizes());
  return sizes;
}

void check_values(
    const at::Tensor& tubes, const at::Tensor& video_index, const at::Tensor& weights, int64_t num_videos) {
  const auto boxes = tubes.to(at::kDouble).contiguous();
  const auto shares = weights.to(at::kDouble).contiguous();
  const auto indices = video_index.contiguous();
  const auto* box = boxes.const_data_ptr<double>();
  const auto* share = shares.const_data_ptr<double>();
  const auto num_frames = tubes.size(1);
  for (int64_t tube = 0; tube < tubes.size(0); ++tube) {
    const auto video = indices.const_data_ptr<int64_t>()[tube];
    TORCH_CHECK_VALUE(
        video >= 0 && video < num_videos, "video_index[", tube, "] = ", video, ": expected 0 to ", num_videos - 1);
    for (int64_t frame = 0; frame < num_frames; ++frame, box += 4, ++share) {
      TORCH_CHECK_VALUE(
          std::isfinite(box[0]) && std::isfinite(box[1]) && std::isfinite(box[2]) && std::isfinite(box[3]),
          "tubes[", tube, ", ", frame, "] = ", at::ArrayRef<double>(box, 4), ": expected finite coordinates");
      TORCH_CHECK_VALUE(
          std::isfinite(*share) && *share >= 0,
          "weights[", tube, ", ", frame, "] = ", *share, ": expected finite and at least 0");
    }
  }
}

at::Tensor with_dense_frames(const at::Tensor& features) {
  return is_dense(features, {2, 3, 4}) || is_dense(features, {3, 4, 2}) ? features : features.contiguous();
}

Layout layout_of(const at::Tensor& features) {
  const bool channels_last = !is_dense(features, {2, 3, 4});
  const auto cells = features.size(3) * features.size(4);
  return {
      channels_last,
      features.stride(0),
      features.stride(1),
      channels_last ? 1 : cells,
      channels_last ? features.size(2) : 1};
}

at::Tensor empty_features(at::IntArrayRef size, bool channels_last, const at::TensorOptions& options) {
  if (!channels_last) {
    return at::empty(size, options);
  }
  return at::empty({size[0], size[1], size[3], size[4], size[2]}, options).permute({0, 1, 4, 2, 3});
}

} // namespace actorsup
