// The pooling on CUDA: checks, memory and launches of the kernels in cuda_kernels.cuh.
#include <ATen/Dispatch.h>
#include <ATen/OpMathType.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/where.h>
#include <c10/core/ScalarType.h>
#include <c10/cuda/CUDAException.h>
#include <c10/cuda/CUDAGuard.h>
#include <c10/cuda/CUDAStream.h>
#include <torch/library.h>

#include <algorithm>

#include "arguments.h"
#include "cuda_kernels.cuh"

namespace actorsup {

namespace {

void check_devices(const at::Tensor& first, at::ArrayRef<at::Tensor> others) {
  for (const auto& other : others) {
    TORCH_CHECK_VALUE(
        other.device() == first.device(), "all tensors must be on one device, got ", first.device(), " and ",
        other.device());
  }
}

// One answer is waited for; only if it is bad, the values are looked at one by one.
void check_values_on_device(
    const at::Tensor& tubes, const at::Tensor& video_index, const at::Tensor& weights, int64_t num_videos) {
  const auto good = at::stack(
      {tubes.isfinite().all(), (weights.isfinite() & (weights >= 0)).all(),
       ((video_index >= 0) & (video_index < num_videos)).all()});
  if (!good.all().item<bool>()) {
    check_values(tubes.cpu(), video_index.cpu(), weights.cpu(), num_videos);
  }
}

int64_t divide_up(int64_t a, int64_t b) {
  return (a + b - 1) / b;
}

// Blocks for so many threads, as the device takes them.
int64_t num_blocks(int64_t threads) {
  return std::min(divide_up(threads, kThreads), kMaximumBlocks);
}

// The taps of all boxes, as bytes.
template <typename T>
at::Tensor compute_taps(
    const Sizes& sizes, const at::Tensor& tubes, const at::Tensor& weights, double spatial_scale) {
  constexpr auto type = c10::CppTypeToScalarType<T>::value;
  const at::Tensor boxes = tubes.to(type).contiguous();
  const at::Tensor given = weights.to(type);
  const at::Tensor total = given.sum(1, /*keepdim=*/true);
  const at::Tensor shares = at::where(total > 0, given / total, 0).contiguous();
  const auto num_taps = sizes.tubes * sizes.frames * (sizes.rows + sizes.columns);
  auto taps = at::empty({num_taps * static_cast<int64_t>(sizeof(Taps<T>))}, tubes.options().dtype(at::kByte));
  taps_kernel<T><<<num_blocks(num_taps), kThreads, 0, c10::cuda::getCurrentCUDAStream()>>>(
      static_cast<Taps<T>*>(taps.mutable_data_ptr()), boxes.const_data_ptr<T>(), shares.const_data_ptr<T>(), sizes,
      static_cast<T>(spatial_scale));
  C10_CUDA_KERNEL_LAUNCH_CHECK();
  return taps;
}

at::Tensor forward(
    const at::Tensor& features, const at::Tensor& tubes, const at::Tensor& video_index, const at::Tensor& weights,
    at::IntArrayRef output_size, double spatial_scale) {
  const auto sizes = check_arguments(features.sizes(), output_size, tubes, video_index, weights, spatial_scale);
  check_devices(features, {tubes, video_index, weights});
  const c10::cuda::CUDAGuard guard(features.device());
  check_values_on_device(tubes, video_index, weights, sizes.videos);
  auto pooled = at::empty({sizes.tubes, sizes.channels, sizes.rows, sizes.columns}, features.options());
  if (pooled.numel() == 0 || features.numel() == 0) {
    return pooled.zero_();
  }
  const auto dense = with_dense_frames(features);
  const auto indices = video_index.contiguous();
  const auto num_groups = divide_up(sizes.channels, kForwardChannels);
  AT_DISPATCH_FLOATING_TYPES_AND2(at::kHalf, at::kBFloat16, features.scalar_type(), "actor_roi_pool3d", [&] {
    using T = at::opmath_type<scalar_t>;
    const auto taps = compute_taps<T>(sizes, tubes, weights, spatial_scale);
    const auto blocks = num_blocks(sizes.tubes * sizes.samples() * num_groups);
    forward_kernel<scalar_t, T><<<blocks, kThreads, 0, c10::cuda::getCurrentCUDAStream()>>>(
        pooled.mutable_data_ptr<scalar_t>(), dense.const_data_ptr<scalar_t>(), layout_of(dense), sizes,
        static_cast<const Taps<T>*>(taps.const_data_ptr()), indices.const_data_ptr<int64_t>(), num_groups);
    C10_CUDA_KERNEL_LAUNCH_CHECK();
  });
  return pooled;
}

at::Tensor backward(
    const at::Tensor& grad, const at::Tensor& tubes, const at::Tensor& video_index, const at::Tensor& weights,
    at::IntArrayRef features_size, bool channels_last, double spatial_scale) {
  const auto sizes = check_gradient(grad, features_size, tubes, video_index, weights, spatial_scale);
  check_devices(grad, {tubes, video_index, weights});
  // Values are not looked at again: a box that is not finite touches no cell, and no cell belongs to a strange video.
  const c10::cuda::CUDAGuard guard(grad.device());
  auto grad_features = empty_features(features_size, channels_last, grad.options());
  if (grad.numel() == 0 || grad_features.numel() == 0) {
    return grad_features.zero_();
  }
  const auto layout = layout_of(grad_features);
  const auto dense =
      grad.contiguous(layout.channels_last ? at::MemoryFormat::ChannelsLast : at::MemoryFormat::Contiguous);
  const auto indices = video_index.contiguous();
  const auto num_groups = divide_up(sizes.channels, kBackwardChannels);
  AT_DISPATCH_FLOATING_TYPES_AND2(at::kHalf, at::kBFloat16, grad.scalar_type(), "actor_roi_pool3d_backward", [&] {
    using T = at::opmath_type<scalar_t>;
    const auto taps = compute_taps<T>(sizes, tubes, weights, spatial_scale);
    const auto blocks = num_blocks(sizes.videos * sizes.frames * sizes.cells() * num_groups);
    backward_kernel<scalar_t, T><<<blocks, kThreads, 0, c10::cuda::getCurrentCUDAStream()>>>(
        grad_features.mutable_data_ptr<scalar_t>(), dense.const_data_ptr<scalar_t>(), layout, sizes,
        static_cast<const Taps<T>*>(taps.const_data_ptr()), indices.const_data_ptr<int64_t>(), num_groups);
    C10_CUDA_KERNEL_LAUNCH_CHECK();
  });
  return grad_features;
}

} // namespace

TORCH_LIBRARY_IMPL(actorsup, CUDA, m) {
  m.impl("actor_roi_pool3d", &forward);
  m.impl("actor_roi_pool3d_backward", &backward);
}

} // namespace actorsup
