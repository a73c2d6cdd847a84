// Which samples of which tubes lie where in a frame: all that the CPU kernels know of boxes.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/ScalarType.h>

#include <algorithm>
#include <vector>

#include "arguments.h"
#include "blocks.h"
#include "interpolation.h"

namespace actorsup {

// Tubes in the order of their videos; those of video v are order[begin[v]] to order[begin[v + 1] - 1].
struct TubesByVideo {
  std::vector<int64_t> order, begin;

  TubesByVideo(const at::Tensor& video_index, int64_t num_videos)
      : order(video_index.numel()), begin(num_videos + 1, 0) {
    const auto indices = video_index.contiguous();
    const auto* videos = indices.const_data_ptr<int64_t>();
    const auto num_tubes = video_index.numel();
    for (int64_t tube = 0; tube < num_tubes; ++tube) {
      ++begin[videos[tube] + 1];
    }
    for (int64_t video = 0; video < num_videos; ++video) {
      begin[video + 1] += begin[video];
    }
    auto next = begin;
    for (int64_t tube = 0; tube < num_tubes; ++tube) {
      order[next[videos[tube]]++] = tube;
    }
  }
};

// The boxes in the type that sums are taken in, and how much of the mean each frame is.
template <typename T>
struct WeightedBoxes {
  Sizes sizes;
  T spatial_scale;
  at::Tensor boxes;
  std::vector<T> weights;

  WeightedBoxes(const Sizes& sizes, const at::Tensor& tubes, const at::Tensor& weights_, double spatial_scale_)
      : sizes(sizes),
        spatial_scale(static_cast<T>(spatial_scale_)),
        boxes(tubes.to(c10::CppTypeToScalarType<T>::value).contiguous()),
        weights(weights_.numel()) {
    const auto given = weights_.to(c10::CppTypeToScalarType<T>::value).contiguous();
    for (int64_t tube = 0; tube < sizes.tubes; ++tube) {
      const T* of_tube = given.template const_data_ptr<T>() + tube * sizes.frames;
      T total = 0;
      for (int64_t frame = 0; frame < sizes.frames; ++frame) {
        total += of_tube[frame];
      }
      for (int64_t frame = 0; frame < sizes.frames; ++frame) {
        weights[tube * sizes.frames + frame] = total > 0 ? of_tube[frame] / total : T(0);
      }
    }
  }
};

// The grids of some tubes in one frame after the other.
template <typename T>
class FrameGrids {
 public:
  // `tubes` are those of a group, in the order in which they are summed.
  FrameGrids(const WeightedBoxes<T>& boxes, const int64_t* tubes, int64_t num_tubes)
      : boxes_(boxes),
        tubes_(tubes),
        num_tubes_(num_tubes),
        taps_(num_tubes * (boxes.sizes.rows + boxes.sizes.columns)) {
    members_.reserve(num_tubes);
  }

  // Go to a frame. Tubes that it does not count for, or that are wholly outside of its map, are left out.
  void move_to(int64_t frame) {
    const auto& sizes = boxes_.sizes;
    members_.clear();
    row_begin_ = sizes.height;
    row_end_ = 0;
    Taps<T>* taps = taps_.data();
    for (int64_t member = 0; member < num_tubes_; ++member) {
      const int64_t at = tubes_[member] * sizes.frames + frame;
      const T weight = boxes_.weights[at];
      if (weight == 0) {
        continue;
      }
      const T* box = boxes_.boxes.template const_data_ptr<T>() + at * 4;
      Taps<T>* rows = taps;
      Taps<T>* columns = taps + sizes.rows;
      bool inside = false;
      for (int64_t j = 0; j < sizes.rows; ++j) {
        rows[j] = taps_of_sample(box[1], box[3], j, sizes.rows, sizes.height, boxes_.spatial_scale);
        if (!rows[j].outside()) {
          row_begin_ = std::min<int64_t>(row_begin_, rows[j].first);
          row_end_ = std::max<int64_t>(row_end_, rows[j].second + 1);
          inside = true;
        }
      }
      if (!inside) {
        continue;
      }
      for (int64_t i = 0; i < sizes.columns; ++i) {
        columns[i] = taps_of_sample(box[0], box[2], i, sizes.columns, sizes.width, boxes_.spatial_scale);
      }
      members_.push_back({member, {rows, columns, sizes.rows, sizes.columns, weight}});
      taps += sizes.rows + sizes.columns;
    }
  }

  struct Member {
    int64_t index; // in the group
    Grid<T> grid;
  };

  const std::vector<Member>& members() const {
    return members_;
  }
  // The rows of the map that any sample reads; none if there are no members.
  int64_t row_begin() const {
    return row_begin_;
  }
  int64_t row_end() const {
    return row_end_;
  }

 private:
  const WeightedBoxes<T>& boxes_;
  const int64_t* tubes_;
  int64_t num_tubes_;
  std::vector<Taps<T>> taps_;
  std::vector<Member> members_;
  int64_t row_begin_ = 0;
  int64_t row_end_ = 0;
};

} // namespace actorsup
