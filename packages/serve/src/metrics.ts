/** What is counted, for Prometheus. Labels have few values: none comes from a request as it is. */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

export interface Metrics {
  registry: Registry;
  /** By route and status; 499 is a client that left before its answer. */
  requests: Counter<'route' | 'status'>;
  /** By code of the table of errors. */
  errors: Counter<'code'>;
  /** From the head of a request to the end of its answer. */
  requestSeconds: Histogram<'route'>;
  runSeconds: Histogram<'model'>;
  batchRows: Histogram<'model'>;
  batchRequests: Histogram<'model'>;
  reloads: Counter<'result'>;
}

/** Metrics of one server; `load` gives what it has to do at the moment. */
export function serverMetrics(load: () => { requests: number; bytes: number }): Metrics {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  const name = (rest: string) => `deepfunctor_${rest}`;
  const seconds = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
  const counts = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024];
  const histogram = <L extends string>(rest: string, help: string, label: L, buckets: number[]) =>
    new Histogram({ name: name(rest), help, labelNames: [label], buckets, registers });
  const gauge = (rest: string, help: string, value: () => number) =>
    new Gauge({
      name: name(rest),
      help,
      registers,
      collect() {
        this.set(value());
      },
    });
  gauge('queue_requests', 'Requests that are being read, wait or run', () => load().requests);
  gauge('queue_bytes', 'Bytes of the bodies of those requests', () => load().bytes);
  return {
    registry,
    requests: new Counter({
      name: name('requests_total'),
      help: 'Requests by route and status; 499 is a client that left',
      labelNames: ['route', 'status'],
      registers,
    }),
    errors: new Counter({
      name: name('errors_total'),
      help: 'Errors by code',
      labelNames: ['code'],
      registers,
    }),
    requestSeconds: histogram('request_seconds', 'From request to answer', 'route', seconds),
    runSeconds: histogram('run_seconds', 'Runs of the engine', 'model', seconds),
    batchRows: histogram('batch_rows', 'Rows of a run', 'model', counts),
    batchRequests: histogram('batch_requests', 'Requests of a run', 'model', counts),
    reloads: new Counter({
      name: name('reloads_total'),
      help: 'Reloads of the configuration and plugins',
      labelNames: ['result'],
      registers,
    }),
  };
}
