// Justified rows: photos side by side at one height, each row as wide as the page.

/**
 * Where the rows of photos with these ratios (width by height) lie, in pixels. `heights` are at most `target`: a row
 * gets photos until it would be too wide at that height, and is then made lower. The last row is not stretched.
 */
export function justify(ratios, width, target, gap) {
  const starts = [];
  const tops = [];
  const heights = [];
  let top = 0;
  let first = 0;
  let sum = 0;
  for (let at = 0; at < ratios.length; at += 1) {
    sum += ratios[at];
    const free = width - gap * (at - first);
    if (sum * target >= free || at === ratios.length - 1) {
      const height = Math.min(target, free / sum);
      starts.push(first);
      tops.push(top);
      heights.push(height);
      top += height + gap;
      first = at + 1;
      sum = 0;
    }
  }
  return { starts, tops, heights, height: Math.max(0, top - gap) };
}

/** The number of the last entry of a sorted list that is at most `value`; 0 when none is. */
export function lastAtMost(sorted, value) {
  let low = 0;
  let high = sorted.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (sorted[middle] <= value) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** The photos of a row: from its first up to, not including, the next row's. */
export function rowOf(rows, number, total) {
  return [rows.starts[number], number + 1 < rows.starts.length ? rows.starts[number + 1] : total];
}
