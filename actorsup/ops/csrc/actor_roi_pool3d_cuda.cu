// The pooling on CUDA: checks, memory and launches of the kernels in cuda_kernels.cuh.
#include <ATen/Dispatch.h>
#include <ATen/OpMathType.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/zeros.h>
#include <c10/core/ScalarType.h>
#include <c10/cuda/CUDAException.h>
#include <c10/cuda/CUDAGraphsC10Utils.h>
#include <c10/cuda/CUDAGuard.h>
#include <c10/cuda/CUDAStream.h>
#include <torch/library.h>

#include <algorithm>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <type_traits>

#include "arguments.h"
#include "cuda_kernels.cuh"

namespace actorsup {

namespace {

constexpr int64_t kStagedBytes = 48 << 10; // of shared memory, which every device gives a block

void check_devices(const at::Tensor& first, at::ArrayRef<at::Tensor> others) {
  for (const auto& other : others) {
    TORCH_CHECK_VALUE(
        other.device() == first.device(), "all tensors must be on one device, got ", first.device(), " and ",
        other.device());
  }
}

void check_sizes(const Sizes& sizes) {
  // One channel a lane makes the most blocks.
  for (const auto size :
       {sizes.videos * sizes.frames, sizes.channels, sizes.cells(), sizes.tubes * sizes.samples(),
        sizes.rows + sizes.columns, num_transpose_blocks(sizes), num_forward_blocks(sizes, 1),
        num_backward_blocks(sizes, 1)}) {
    TORCH_CHECK_VALUE(
        size <= std::numeric_limits<int32_t>::max(),
        "too large for one call on a GPU: ", sizes.videos, " videos, ", sizes.frames, " frames, ", sizes.channels,
        " channels, maps of ", sizes.height, "x", sizes.width, ", ", sizes.tubes, " tubes, a grid of ", sizes.rows, "x",
        sizes.columns);
  }
}

// The taps of all boxes, as bytes. `bad`, unless null, becomes 1 if there are values that cannot be used.
template <typename T>
at::Tensor compute_taps(
    const Sizes& sizes, const at::Tensor& tubes, const at::Tensor& weights, const at::Tensor& video_index,
    double spatial_scale, int32_t* bad) {
  const auto num_taps = sizes.tubes * sizes.frames * (sizes.rows + sizes.columns);
  auto taps = at::empty({num_taps * static_cast<int64_t>(sizeof(Taps<T>))}, tubes.options().dtype(at::kByte));
  const auto is_float = tubes.scalar_type() == at::kFloat && weights.scalar_type() == at::kFloat;
  const auto boxes = tubes.to(is_float ? at::kFloat : at::kDouble).contiguous();
  const auto given = weights.to(is_float ? at::kFloat : at::kDouble).contiguous();
  const auto num_blocks = std::min<int64_t>(divide_up(num_taps, kTapThreads), std::numeric_limits<int32_t>::max());
  AT_DISPATCH_FLOATING_TYPES(boxes.scalar_type(), "actor_roi_pool3d_taps", [&] {
    taps_kernel<T, scalar_t><<<num_blocks, kTapThreads, 0, c10::cuda::getCurrentCUDAStream()>>>(
        static_cast<Taps<T>*>(taps.mutable_data_ptr()), bad, boxes.const_data_ptr<scalar_t>(),
        given.const_data_ptr<scalar_t>(), video_index.const_data_ptr<int64_t>(), sizes,
        static_cast<T>(spatial_scale));
    C10_CUDA_KERNEL_LAUNCH_CHECK();
  });
  return taps;
}

// Calls `work` with the number of channels of a lane: as many as `kVectorBytes` hold if every lane's channels of `data`
// begin at a multiple of them, else one. `strides` are those of `data` along all other axes.
template <typename scalar_t, typename Work>
void with_channels_of_lane(const void* data, std::initializer_list<int64_t> strides, const Work& work) {
  constexpr int size = kVectorBytes / sizeof(scalar_t);
  const bool is_aligned = reinterpret_cast<uintptr_t>(data) % kVectorBytes == 0 &&
      std::all_of(strides.begin(), strides.end(), [](int64_t stride) { return stride % size == 0; });
  if (is_aligned) {
    work(std::integral_constant<int, size>());
  } else {
    work(std::integral_constant<int, 1>());
  }
}

// Features (B, N, H, W, C) whose frames are dense: the features themselves if they are laid out like this.
template <typename scalar_t>
at::Tensor to_channels_last(const at::Tensor& features, const Sizes& sizes) {
  const auto dense = with_dense_frames(features);
  const auto layout = layout_of(dense);
  if (layout.channels_last) {
    return dense.permute({0, 1, 3, 4, 2});
  }
  auto maps = at::empty({sizes.videos, sizes.frames, sizes.height, sizes.width, sizes.channels}, features.options());
  to_channels_last_kernel<scalar_t>
      <<<num_transpose_blocks(sizes), kTile * kTileRows, 0, c10::cuda::getCurrentCUDAStream()>>>(
          maps.mutable_data_ptr<scalar_t>(), dense.const_data_ptr<scalar_t>(), layout, sizes);
  C10_CUDA_KERNEL_LAUNCH_CHECK();
  return maps;
}

at::Tensor forward(
    const at::Tensor& features, const at::Tensor& tubes, const at::Tensor& video_index, const at::Tensor& weights,
    at::IntArrayRef output_size, double spatial_scale) {
  const auto sizes = check_arguments(features.sizes(), output_size, tubes, video_index, weights, spatial_scale);
  check_sizes(sizes);
  check_devices(features, {tubes, video_index, weights});
  const c10::cuda::CUDAGuard guard(features.device());
  const auto stream = c10::cuda::getCurrentCUDAStream();
  auto pooled = at::empty({sizes.tubes, sizes.channels, sizes.rows, sizes.columns}, features.options());
  if (tubes.numel() == 0) {
    return pooled.zero_();
  }
  const auto bad = at::zeros({1}, tubes.options().dtype(at::kInt));
  const auto indices = video_index.contiguous();
  AT_DISPATCH_FLOATING_TYPES_AND2(at::kHalf, at::kBFloat16, features.scalar_type(), "actor_roi_pool3d", [&] {
    using T = at::opmath_type<scalar_t>;
    const auto taps = compute_taps<T>(sizes, tubes, weights, indices, spatial_scale, bad.mutable_data_ptr<int32_t>());
    if (features.numel() == 0) {
      return;
    }
    const auto maps = to_channels_last<scalar_t>(features, sizes);
    const auto* data = maps.const_data_ptr<scalar_t>();
    with_channels_of_lane<scalar_t>(
        data, {maps.stride(0), maps.stride(1), sizes.channels}, [&](auto size) {
          const auto result_bytes = kLanes * size() * sizes.samples() * static_cast<int64_t>(sizeof(scalar_t));
          const bool stage_results = result_bytes <= kStagedBytes;
          const auto num_threads = std::min<int64_t>(sizes.rows, kForwardWarps) * kLanes;
          forward_kernel<scalar_t, T, size()>
              <<<num_forward_blocks(sizes, size()), num_threads, stage_results ? result_bytes : 0, stream>>>(
                  pooled.mutable_data_ptr<scalar_t>(), data, maps.stride(0), maps.stride(1), sizes,
                  static_cast<const Taps<T>*>(taps.const_data_ptr()), indices.const_data_ptr<int64_t>(),
                  stage_results);
          C10_CUDA_KERNEL_LAUNCH_CHECK();
        });
  });
  // The answer is waited for when all work is under way. A graph that is captured cannot wait.
  if (c10::cuda::currentStreamCaptureStatusMayInitCtx() == c10::cuda::CaptureStatus::None && bad.item<int32_t>() != 0) {
    check_values(tubes.cpu(), video_index.cpu(), weights.cpu(), sizes.videos);
  }
  return features.numel() == 0 ? pooled.zero_() : pooled;
}

at::Tensor backward(
    const at::Tensor& grad, const at::Tensor& tubes, const at::Tensor& video_index, const at::Tensor& weights,
    at::IntArrayRef features_size, bool channels_last, double spatial_scale) {
  const auto sizes = check_gradient(grad, features_size, tubes, video_index, weights, spatial_scale);
  check_sizes(sizes);
  check_devices(grad, {tubes, video_index, weights});
  // Values are not looked at again: a box that is not finite touches no cell, and no cell belongs to a strange video.
  const c10::cuda::CUDAGuard guard(grad.device());
  auto grad_features = empty_features(features_size, channels_last, grad.options());
  if (grad.numel() == 0 || grad_features.numel() == 0) {
    return grad_features.zero_();
  }
  const auto dense = grad.permute({0, 2, 3, 1}).contiguous();
  const auto indices = video_index.contiguous();
  AT_DISPATCH_FLOATING_TYPES_AND2(at::kHalf, at::kBFloat16, grad.scalar_type(), "actor_roi_pool3d_backward", [&] {
    using T = at::opmath_type<scalar_t>;
    const auto taps = compute_taps<T>(sizes, tubes, weights, indices, spatial_scale, nullptr);
    const auto* data = dense.const_data_ptr<scalar_t>();
    with_channels_of_lane<scalar_t>(data, {sizes.channels}, [&](auto size) {
      backward_kernel<scalar_t, T, size()>
          <<<num_backward_blocks(sizes, size()), kBackwardWarps * kLanes, 0, c10::cuda::getCurrentCUDAStream()>>>(
              grad_features.mutable_data_ptr<scalar_t>(), data, layout_of(grad_features), sizes,
              static_cast<const Taps<T>*>(taps.const_data_ptr()), indices.const_data_ptr<int64_t>());
      C10_CUDA_KERNEL_LAUNCH_CHECK();
    });
  });
  return grad_features;
}

} // namespace

TORCH_LIBRARY_IMPL(actorsup, CUDA, m) {
  m.impl("actor_roi_pool3d", &forward);
  m.impl("actor_roi_pool3d_backward", &backward);
}

} // namespace actorsup
