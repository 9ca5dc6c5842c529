import { Bench } from 'tinybench';

/**
 * Two sides that take turns: each round measures both, the one that begins changes, and the figure is the median of the
 * rounds' ratios `a / b`. A machine whose speed drifts slows both sides of a round alike.
 * @param a gives its time, in any unit
 * @param b gives its time, in the same unit
 */
export async function turns(a, b, rounds) {
  const pairs = [];
  for (let round = 0; round < rounds; round++) {
    const pair = {};
    for (const side of round % 2 ? 'ab' : 'ba') pair[side] = await (side === 'a' ? a() : b());
    pairs.push(pair);
  }
  const ratios = pairs.map((pair) => pair.a / pair.b);
  return {
    ratio: quantile(ratios, 0.5),
    quartiles: [quantile(ratios, 0.25), quantile(ratios, 0.75)],
    rounds,
    a: median(pairs.map((pair) => pair.a)),
    b: median(pairs.map((pair) => pair.b)),
  };
}

/** A side that is called many times: the median milliseconds of a call, by tinybench, in about `time` ms. */
export function called(action, { time, iterations }) {
  return async () => {
    const bench = new Bench({ time, iterations, warmup: false, throws: true });
    bench.add('call', action);
    const [task] = await bench.run();
    return task.result.latency.p50;
  };
}

export function median(values) {
  return quantile(values, 0.5);
}

function quantile(values, part) {
  const sorted = [...values].sort((x, y) => x - y);
  const at = part * (sorted.length - 1);
  const [low, high] = [Math.floor(at), Math.ceil(at)];
  return sorted[low] + (at - low) * (sorted[high] - sorted[low]);
}

/** A ratio the other way round: how many times as fast. */
export function inverse({ ratio, quartiles: [low, high], a, b, rounds }) {
  return { ratio: 1 / ratio, quartiles: [1 / high, 1 / low], rounds, a: b, b: a };
}

/** A figure from what `turns` gave; `names` are what a and b are called, `unit` of their times. */
export function figure(what, { ratio, quartiles, rounds, a, b }, { limit, names, unit = 'ms' }) {
  return {
    what,
    ratio,
    quartiles,
    rounds,
    ...(limit ? { limit } : {}),
    raw: { [names[0]]: a, [names[1]]: b, unit },
  };
}
