// The pooling on the CPU. A task owns a block of channels of one video: it brings them side by side, frame by frame,
// into a buffer that stays in cache. No two tasks write the same element, and each element is summed in the order of
// the frames (forward) or of the tubes (backward): results are the same bits for any number of threads.
#include <ATen/Dispatch.h>
#include <ATen/OpMathType.h>
#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>
#include <c10/core/CPUAllocator.h>
#include <torch/library.h>

#include <algorithm>

#include "arguments.h"
#include "blocks.h"
#include "frame_grids.h"
#include "parallel.h"

namespace actorsup {

namespace {

// Working memory of a thread: blocks of channels, aligned to cache lines as all of torch's memory is.
template <typename T>
class Buffer {
 public:
  explicit Buffer(int64_t num_blocks)
      : size_(num_blocks * kChannels), memory_(c10::GetCPUAllocator()->allocate(size_ * sizeof(T))) {}

  T* block(int64_t index) const {
    return static_cast<T*>(memory_.get()) + index * kChannels;
  }
  void fill_with_zeros() {
    std::fill_n(block(0), size_, T(0));
  }

 private:
  int64_t size_;
  c10::DataPtr memory_;
};

int64_t divide_up(int64_t a, int64_t b) {
  return (a + b - 1) / b;
}

// How many frames of a block of channels are worth a thread of their own.
int64_t grain_size(const Sizes& sizes) {
  const auto elements = (sizes.cells() + sizes.tubes * sizes.samples() / sizes.videos) * kChannels;
  return divide_up(int64_t(1) << 15, elements);
}

template <typename S, typename T>
void forward_kernel(
    S* pooled, const S* features, const Layout& layout, const Sizes& sizes, const WeightedBoxes<T>& boxes,
    const TubesByVideo& by_video) {
  const auto num_blocks = divide_up(sizes.channels, kChannels);
  // Few videos and channels: split the tubes too, so that every thread gets a task.
  const auto num_groups = divide_up(at::get_num_threads(), sizes.videos * num_blocks);
  const auto num_samples = sizes.samples();

  const auto grain = divide_up(grain_size(sizes), sizes.frames);
  parallel_for(sizes.videos * num_groups * num_blocks, grain, [&](int64_t begin, int64_t end) {
    Buffer<T> cells(sizes.cells());
    for (auto task = begin; task < end; ++task) {
      const auto channel = task % num_blocks * kChannels;
      const auto group = task / num_blocks % num_groups;
      const auto video = task / num_blocks / num_groups;
      const auto num_channels = std::min(kChannels, sizes.channels - channel);
      const auto first = by_video.begin[video];
      const auto num_of_video = by_video.begin[video + 1] - first;
      const auto* tubes = by_video.order.data() + first + num_of_video * group / num_groups;
      const auto num_tubes = num_of_video * (group + 1) / num_groups - num_of_video * group / num_groups;

      FrameGrids<T> grids(boxes, tubes, num_tubes);
      Buffer<T> sums(num_tubes * num_samples);
      sums.fill_with_zeros();
      for (int64_t frame = 0; frame < sizes.frames; ++frame) {
        grids.move_to(frame);
        if (grids.members().empty()) {
          continue;
        }
        const auto cell = grids.row_begin() * sizes.width;
        run<load_block<S, T>>(
            cells.block(cell),
            features + video * layout.video + frame * layout.frame + channel * layout.channel + cell * layout.cell,
            layout.channel, layout.cell, num_channels, grids.row_end() * sizes.width - cell);
        for (const auto& member : grids.members()) {
          run<gather<T>>(sums.block(member.index * num_samples), cells.block(0), sizes.width, member.grid);
        }
      }
      for (int64_t member = 0; member < num_tubes; ++member) {
        run<store_block<S, T>>(
            pooled + (tubes[member] * sizes.channels + channel) * num_samples,
            sums.block(member * num_samples), num_samples, int64_t(1), num_channels, num_samples);
      }
    }
  });
}

template <typename S, typename T>
void backward_kernel(
    S* grad_features, const S* grad, const Layout& layout, const Sizes& sizes, const WeightedBoxes<T>& boxes,
    const TubesByVideo& by_video) {
  const auto num_blocks = divide_up(sizes.channels, kChannels);
  const auto num_samples = sizes.samples();

  // One task a frame; those of one block of channels follow each other and share the gradient that was read.
  const auto num_tasks = sizes.videos * num_blocks * sizes.frames;
  parallel_for(num_tasks, grain_size(sizes), [&](int64_t begin, int64_t end) {
    Buffer<T> cells(sizes.cells());
    for (auto task = begin; task < end;) {
      const auto channel = task / sizes.frames % num_blocks * kChannels;
      const auto video = task / sizes.frames / num_blocks;
      const auto num_channels = std::min(kChannels, sizes.channels - channel);
      const auto* tubes = by_video.order.data() + by_video.begin[video];
      const auto num_tubes = by_video.begin[video + 1] - by_video.begin[video];

      Buffer<T> grads(num_tubes * num_samples);
      for (int64_t member = 0; member < num_tubes; ++member) {
        run<load_block<S, T>>(
            grads.block(member * num_samples),
            grad + (tubes[member] * sizes.channels + channel) * num_samples, num_samples, int64_t(1), num_channels,
            num_samples);
      }
      FrameGrids<T> grids(boxes, tubes, num_tubes);
      const auto last_of_block = std::min(end, (task / sizes.frames + 1) * sizes.frames);
      for (; task < last_of_block; ++task) {
        const auto frame = task % sizes.frames;
        cells.fill_with_zeros();
        grids.move_to(frame);
        for (const auto& member : grids.members()) {
          run<scatter<T>>(cells.block(0), grads.block(member.index * num_samples), sizes.width, member.grid);
        }
        run<store_block<S, T>>(
            grad_features + video * layout.video + frame * layout.frame + channel * layout.channel, cells.block(0),
            layout.channel, layout.cell, num_channels, sizes.cells());
      }
    }
  });
}

at::Tensor forward(
    const at::Tensor& features, const at::Tensor& tubes, const at::Tensor& video_index, const at::Tensor& weights,
    at::IntArrayRef output_size, double spatial_scale) {
  const auto sizes = check_arguments(features.sizes(), output_size, tubes, video_index, weights, spatial_scale);
  check_values(tubes, video_index, weights, sizes.videos);
  auto pooled = at::empty({sizes.tubes, sizes.channels, sizes.rows, sizes.columns}, features.options());
  if (pooled.numel() == 0 || features.numel() == 0) {
    return pooled.zero_();
  }
  const auto dense = with_dense_frames(features);
  const TubesByVideo by_video(video_index, sizes.videos);
  AT_DISPATCH_FLOATING_TYPES_AND2(at::kHalf, at::kBFloat16, features.scalar_type(), "actor_roi_pool3d", [&] {
    using T = at::opmath_type<scalar_t>;
    const WeightedBoxes<T> boxes(sizes, tubes, weights, spatial_scale);
    forward_kernel<scalar_t, T>(
        pooled.mutable_data_ptr<scalar_t>(), dense.const_data_ptr<scalar_t>(), layout_of(dense), sizes, boxes,
        by_video);
  });
  return pooled;
}

at::Tensor backward(
    const at::Tensor& grad, const at::Tensor& tubes, const at::Tensor& video_index, const at::Tensor& weights,
    at::IntArrayRef features_size, bool channels_last, double spatial_scale) {
  const auto sizes = check_gradient(grad, features_size, tubes, video_index, weights, spatial_scale);
  check_values(tubes, video_index, weights, sizes.videos);
  auto grad_features = empty_features(features_size, channels_last, grad.options());
  if (grad.numel() == 0 || grad_features.numel() == 0) {
    return grad_features.zero_();
  }
  const auto dense = grad.contiguous();
  const TubesByVideo by_video(video_index, sizes.videos);
  AT_DISPATCH_FLOATING_TYPES_AND2(at::kHalf, at::kBFloat16, grad.scalar_type(), "actor_roi_pool3d_backward", [&] {
    using T = at::opmath_type<scalar_t>;
    const WeightedBoxes<T> boxes(sizes, tubes, weights, spatial_scale);
    backward_kernel<scalar_t, T>(
        grad_features.mutable_data_ptr<scalar_t>(), dense.const_data_ptr<scalar_t>(), layout_of(grad_features), sizes,
        boxes, by_video);
  });
  return grad_features;
}

} // namespace

TORCH_LIBRARY_IMPL(actorsup, CPU, m) {
  m.impl("actor_roi_pool3d", &forward);
  m.impl("actor_roi_pool3d_backward", &backward);
}

} // namespace actorsup
