/** Mean magnitude of a frame, 0 … 32768. Cheaper than energy, and as good for telling sound from silence. */
export function loudness(samples: Int16Array): number {
  let sum = 0;
  for (const sample of samples) sum += Math.abs(sample);
  return samples.length === 0 ? 0 : sum / samples.length;
}
