// The inner loops of the CPU kernels. They work on blocks of channels that lie side by side, `[cell][kChannels]`, in the
// type that sums are taken in, so that whatever is read of a cell is one vector, in any layout and type of the features.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <type_traits>

#include "interpolation.h"

// What is inlined is compiled for the processor that its caller is compiled for.
#define ACTORSUP_INLINE __attribute__((always_inline)) inline

namespace actorsup {

// Channels of a block: enough that finding out what a sample reads costs little beside reading it, few enough that a
// map of the paper's size (15×20) and the sums of twenty tubes stay in the second-level cache.
constexpr int64_t kChannels = 32;

// A square of eight channels by eight cells, one vector a row.
template <typename T>
struct Square {
  static constexpr int64_t kSize = 8;
  typedef T Row __attribute__((vector_size(kSize * sizeof(T))));
  typedef std::conditional_t<sizeof(T) == 4, int32_t, int64_t> Index;
  typedef Index Indices __attribute__((vector_size(kSize * sizeof(T))));
  Row rows[kSize];

  // Set a row to elements of two others, which are counted one after the other.
  template <int... indices>
  static ACTORSUP_INLINE void pick(Row& row, const Row& a, const Row& b) {
#ifdef __clang__
    row = __builtin_shufflevector(a, b, indices...);
#else
    row = __builtin_shuffle(a, b, Indices{indices...}); // known to every GCC, the other one since GCC 12
#endif
  }

  // Swap rows and columns: in squares of two, of four, of eight.
  ACTORSUP_INLINE void transpose() {
    for (int i = 0; i < 8; i += 2) {
      const Row a = rows[i], b = rows[i + 1];
      pick<0, 8, 2, 10, 4, 12, 6, 14>(rows[i], a, b);
      pick<1, 9, 3, 11, 5, 13, 7, 15>(rows[i + 1], a, b);
    }
    for (int i : {0, 1, 4, 5}) {
      const Row a = rows[i], b = rows[i + 2];
      pick<0, 1, 8, 9, 4, 5, 12, 13>(rows[i], a, b);
      pick<2, 3, 10, 11, 6, 7, 14, 15>(rows[i + 2], a, b);
    }
    for (int i = 0; i < 4; ++i) {
      const Row a = rows[i], b = rows[i + 4];
      pick<0, 1, 2, 3, 8, 9, 10, 11>(rows[i], a, b);
      pick<4, 5, 6, 7, 12, 13, 14, 15>(rows[i + 4], a, b);
    }
  }
};

template <typename To, typename From>
ACTORSUP_INLINE void copy_row(To* __restrict to, const From* __restrict from, int64_t count) {
  for (int64_t i = 0; i < count; ++i) {
    to[i] = static_cast<To>(from[i]);
  }
}

// Copy channels of a map into a block; missing channels become 0.
template <typename S, typename T>
ACTORSUP_INLINE void load_block(
    T* __restrict block, const S* __restrict map, int64_t channel_stride, int64_t cell_stride, int64_t channels,
    int64_t cells) {
  constexpr int64_t size = Square<T>::kSize;
  int64_t cell = 0;
  if (channels == kChannels && channel_stride == 1) {
    for (; cell < cells; ++cell) {
      copy_row(block + cell * kChannels, map + cell * cell_stride, kChannels);
    }
  } else if (channels == kChannels && cell_stride == 1) {
    for (; cell + size <= cells; cell += size) {
      for (int64_t channel = 0; channel < kChannels; channel += size) {
        Square<T> square;
        for (int64_t i = 0; i < size; ++i) {
          T row[size];
          copy_row(row, map + (channel + i) * channel_stride + cell, size);
          std::memcpy(&square.rows[i], row, sizeof(row));
        }
        square.transpose();
        for (int64_t i = 0; i < size; ++i) {
          std::memcpy(block + (cell + i) * kChannels + channel, &square.rows[i], sizeof(square.rows[i]));
        }
      }
    }
  }
  for (; cell < cells; ++cell) {
    for (int64_t channel = 0; channel < kChannels; ++channel) {
      block[cell * kChannels + channel] =
          channel < channels ? static_cast<T>(map[channel * channel_stride + cell * cell_stride]) : T(0);
    }
  }
}

// Copy a block into channels of a map.
template <typename S, typename T>
ACTORSUP_INLINE void store_block(
    S* __restrict map, const T* __restrict block, int64_t channel_stride, int64_t cell_stride, int64_t channels,
    int64_t cells) {
  constexpr int64_t size = Square<T>::kSize;
  int64_t cell = 0;
  if (channels == kChannels && channel_stride == 1) {
    for (; cell < cells; ++cell) {
      copy_row(map + cell * cell_stride, block + cell * kChannels, kChannels);
    }
  } else if (channels == kChannels && cell_stride == 1) {
    for (; cell + size <= cells; cell += size) {
      for (int64_t channel = 0; channel < kChannels; channel += size) {
        Square<T> square;
        for (int64_t i = 0; i < size; ++i) {
          std::memcpy(&square.rows[i], block + (cell + i) * kChannels + channel, sizeof(square.rows[i]));
        }
        square.transpose();
        for (int64_t i = 0; i < size; ++i) {
          T row[size];
          std::memcpy(row, &square.rows[i], sizeof(row));
          copy_row(map + (channel + i) * channel_stride + cell, row, size);
        }
      }
    }
  }
  for (; cell < cells; ++cell) {
    for (int64_t channel = 0; channel < channels; ++channel) {
      map[channel * channel_stride + cell * cell_stride] = static_cast<S>(block[cell * kChannels + channel]);
    }
  }
}

// The samples of a box in one frame: the taps of its rows and columns, and what the frame counts.
template <typename T>
struct Grid {
  const Taps<T>* rows;
  const Taps<T>* columns;
  int64_t num_rows;
  int64_t num_columns;
  T weight;
};

// Add what the samples of a box read of a frame: `sums[sample] += Σ weight · cells[tap]`.
template <typename T>
ACTORSUP_INLINE void gather(T* __restrict sums, const T* __restrict cells, int64_t width, Grid<T> grid) {
  for (int64_t j = 0; j < grid.num_rows; ++j) {
    const Taps<T> row = grid.rows[j];
    if (row.outside()) {
      continue;
    }
    const T* upper = cells + row.first * width * kChannels;
    const T* lower = cells + row.second * width * kChannels;
    const T upper_weight = grid.weight * row.first_weight;
    const T lower_weight = grid.weight * row.second_weight;
    for (int64_t i = 0; i < grid.num_columns; ++i) {
      const Taps<T> column = grid.columns[i];
      if (column.outside()) {
        continue;
      }
      const int64_t left = column.first * kChannels, right = column.second * kChannels;
      const T upper_left = upper_weight * column.first_weight, upper_right = upper_weight * column.second_weight;
      const T lower_left = lower_weight * column.first_weight, lower_right = lower_weight * column.second_weight;
      T* sum = sums + (j * grid.num_columns + i) * kChannels;
      for (int64_t k = 0; k < kChannels; ++k) {
        sum[k] += upper_left * upper[left + k] + upper_right * upper[right + k] + lower_left * lower[left + k] +
            lower_right * lower[right + k];
      }
    }
  }
}

// The transpose of `gather`: `cells[tap] += weight · grads[sample]`.
template <typename T>
ACTORSUP_INLINE void scatter(T* __restrict cells, const T* __restrict grads, int64_t width, Grid<T> grid) {
  for (int64_t j = 0; j < grid.num_rows; ++j) {
    const Taps<T> row = grid.rows[j];
    if (row.outside()) {
      continue;
    }
    T* upper = cells + row.first * width * kChannels;
    T* lower = cells + row.second * width * kChannels;
    const T upper_weight = grid.weight * row.first_weight;
    const T lower_weight = grid.weight * row.second_weight;
    for (int64_t i = 0; i < grid.num_columns; ++i) {
      const Taps<T> column = grid.columns[i];
      if (column.outside()) {
        continue;
      }
      const T* grad = grads + (j * grid.num_columns + i) * kChannels;
      const auto add = [grad](T* cell, T weight) {
        for (int64_t k = 0; k < kChannels; ++k) {
          cell[k] += weight * grad[k];
        }
      };
      add(upper + column.first * kChannels, upper_weight * column.first_weight);
      add(upper + column.second * kChannels, upper_weight * column.second_weight);
      add(lower + column.first * kChannels, lower_weight * column.first_weight);
      add(lower + column.second * kChannels, lower_weight * column.second_weight);
    }
  }
}

#if defined(__x86_64__)
template <auto loop, typename To, typename From, typename... Sizes>
__attribute__((target("avx512vl,avx512bw,avx512dq")))
void run_with_avx512(To* __restrict to, const From* __restrict from, Sizes... sizes) {
  loop(to, from, sizes...);
}

template <auto loop, typename To, typename From, typename... Sizes>
__attribute__((target("avx2,fma")))
void run_with_avx2(To* __restrict to, const From* __restrict from, Sizes... sizes) {
  loop(to, from, sizes...);
}
#endif

// Run one of the loops above: each is compiled for three generations of x86 processors, and the newest that this
// processor knows is taken. Elsewhere the compiler's target is used. (`target_clones` knows too little for this: no
// generations in GCC 11, no templates in clang.)
template <auto loop, typename To, typename From, typename... Sizes>
void run(To* __restrict to, const From* __restrict from, Sizes... sizes) {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq")) {
    return run_with_avx512<loop>(to, from, sizes...);
  }
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
    return run_with_avx2<loop>(to, from, sizes...);
  }
#endif
  loop(to, from, sizes...);
}

} // namespace actorsup
