/** How something grows, and the standard error of that. */
export interface Trend {
  readonly slope: number;
  readonly error: number;
}

/** By least squares, of the second figure by the first. The error supposes that each point is off for reasons of its own. */
export function findTrend(points: readonly (readonly [number, number])[]): Trend {
  const mean = (at: 0 | 1) => points.reduce((sum, point) => sum + point[at], 0) / points.length;
  const [x, y] = [mean(0), mean(1)];
  const spread = points.reduce((sum, point) => sum + (point[0] - x) ** 2, 0);
  if (spread === 0) return { slope: 0, error: 0 };
  const slope = points.reduce((sum, point) => sum + (point[0] - x) * (point[1] - y), 0) / spread;
  const residuals = points.reduce((sum, point) => sum + (point[1] - y - slope * (point[0] - x)) ** 2, 0);
  return { slope, error: Math.sqrt(residuals / Math.max(points.length - 2, 1) / spread) };
}
