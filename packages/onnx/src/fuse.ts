/**
 * One model of a composition: encode, morphisms, decode and probe, each the ONNX file of a plugin, become one graph.
 *
 *     fuse(chain)              input, or input_0 …, and style  →  output, and what else is asked for
 *     fuseMorphism(source)     latent_0 …                      →  latent
 *
 * The bytes depend on what is composed alone: (h ∘ g) ∘ f and h ∘ (g ∘ f) are the same file. The numbers are those of
 * the parts run one after the other, as exactly as the runtime computes one graph and several.
 */
import { canonicalJson } from '@deepfunctor/core';
import { assemble, type OutputPort } from './assemble.js';
import { type Model, modelOf, opsetOf } from './model.js';
import {
  type Applied,
  aboutOf,
  CHAIN_KEY,
  type FusedPart,
  type FuseSource,
  hasInput,
  modelIn,
  ownerOf,
  PARTS_KEY,
  type Part,
  partsOf,
  portOf,
  takenBy,
  textOf,
} from './parts.js';
import type { ModelPort } from './shape.js';
import { followed, type Value } from './values.js';

/** A composition from formats to a format. A probe is needed only for what it is asked to tell. */
export interface FuseChain {
  inputs: readonly { encode: Part; probe?: Part }[];
  result: FuseSource;
  output: { decode: Part; probe?: Part };
}

export interface FuseOptions {
  /**
   * The outputs, in their order; default `output` alone. `distribution`: what the probe reads at the end; `latent`:
   * what is decoded; `latent_i`, `before_i`, `style_i`: input i's latent, what the probe reads from it, its style.
   */
  outputs?: readonly string[];
  /** The input whose style is decoded with. Left out, a decoder with styles makes an input `style`. */
  asker?: number;
  /** More metadata. */
  metadata?: Readonly<Record<string, string>>;
}

const PRODUCER = 'deepfunctor';

/**
 * One model of a chain, at the highest opset of its parts. The parts must be models that `checkModel` passes.
 * Errors: FUSION_OPSET, WEIGHTS_BROKEN. Throws for an output that the chain does not have.
 */
export function fuse(chain: FuseChain, { outputs = ['output'], asker, metadata }: FuseOptions = {}): Model {
  const { inputs, output } = chain;
  const name = (stem: string, index: number) => (inputs.length === 1 ? stem : `${stem}_${index}`);
  const ports = inputs.map(({ encode }, index) => renamed(portOf(encode, 'input'), name('input', index)));
  const probes = [
    ...(outputs.includes('distribution') ? [output.probe] : []),
    ...inputs.flatMap(({ probe }, index) => (outputs.includes(`before_${index}`) ? [probe] : [])),
  ].filter((each) => each !== undefined);
  const encoders = inputs.map(({ encode }) => encode);
  const work = composing([...encoders, ...partsOf(chain.result), output.decode, ...probes]);

  const encoded = inputs.map(({ encode }, index) =>
    work.include(encode, { input: { kind: 'port', name: ports[index]!.name } }),
  );
  const latents = encoded.map((each) => each.latent!);
  const texts = inputs.map(({ encode }) => encode.name);
  const { value: latent, text } = work.evaluate(chain.result, latents, texts);
  const styled = hasInput(output.decode, 'style');
  if (styled && asker === undefined) ports.push(portOf(output.decode, 'style'));
  const style = asker === undefined ? { kind: 'port' as const, name: 'style' } : encoded[asker]?.style;
  if (styled && style === undefined) throw new Error(`input ${asker} reads no style`);

  const told = (probe: Part | undefined, from: Value): OutputPort | undefined =>
    probe && {
      ...portOf(probe, 'distribution'),
      value: work.include(probe, { latent: from }).distribution!,
    };
  const offered: Record<string, () => OutputPort | undefined> = {
    output: () => ({
      ...portOf(output.decode, 'output'),
      value: work.include(output.decode, { latent, ...(styled ? { style: style! } : {}) }).output!,
    }),
    distribution: () => told(output.probe, latent),
    latent: () => ({ ...portOf(output.decode, 'latent'), value: latent }),
  };
  for (const [index, { encode, probe }] of inputs.entries()) {
    const { latent, style } = encoded[index]!;
    offered[`latent_${index}`] = () => ({ ...portOf(encode, 'latent'), value: latent! });
    offered[`before_${index}`] = () => told(probe, latent!);
    offered[`style_${index}`] = () => style && { ...portOf(encode, 'style'), value: style };
  }
  const results = outputs.map((port) => {
    const made = offered[port]?.();
    if (made === undefined) throw new Error(`the chain has no output “${port}”`);
    return { ...made, name: port };
  });
  const composed = `${text} -> ${output.decode.name}`;
  return work.model(composed, ports, results, true, metadata);
}

/**
 * One model of a composition of morphisms, itself a morphism; its inputs are those that the source names. It can be a
 * part of other fusions, which then are what they would be of its parts. Errors: FUSION_OPSET, WEIGHTS_BROKEN.
 */
export function fuseMorphism(source: FuseSource): Model {
  const taken = takenBy(source);
  const ports = taken.map((port, index) => renamed(port, `latent_${index}`));
  const work = composing(partsOf(source));
  const values = ports.map(({ name }): Value => ({ kind: 'port', name }));
  const { value, text } = work.evaluate(
    source,
    values,
    ports.map(({ name }) => name),
  );
  const { morphism } = source as Applied;
  return work.model(text, ports, [{ ...portOf(morphism, 'latent'), value }], false);
}

/** Puts parts into one graph. */
function composing(parts: readonly (Part | FusedPart)[]) {
  const opset = Math.max(...parts.map((part) => opsetOf(modelIn(part))));
  const include = (part: Part | FusedPart, given: Record<string, Value>) =>
    followed(
      modelIn(part),
      given,
      opset,
      ownerOf(part),
      'fused' in part ? 'a fusion' : (part.where ?? part.name),
    );

  const evaluate = (source: FuseSource, latents: readonly Value[], texts: readonly string[]) => {
    const seen = new Map<FuseSource, { value: Value; text: string }>();
    const visit = (each: FuseSource): { value: Value; text: string } => {
      if (each.kind === 'input') return { value: latents[each.index]!, text: texts[each.index]! };
      const known = seen.get(each);
      if (known !== undefined) return known;
      const from = each.sources.map(visit);
      const given = Object.fromEntries(from.map(({ value }, index) => [`latent_${index}`, value]));
      const result = {
        value: include(each.morphism, given).latent!,
        text: textOf(
          each.morphism,
          from.map(({ text }) => text),
        ),
      };
      seen.set(each, result);
      return result;
    };
    return visit(source);
  };

  return {
    include,
    evaluate,
    model(
      text: string,
      inputs: readonly ModelPort[],
      outputs: readonly OutputPort[],
      named: boolean,
      metadata = {},
    ): Model {
      const about = new Set(parts.flatMap(aboutOf).map(canonicalJson));
      return modelOf(assemble(text, inputs, outputs, named), opset, {
        producer: PRODUCER,
        metadata: { ...metadata, [CHAIN_KEY]: text, [PARTS_KEY]: `[${[...about].sort()}]` },
      });
    },
  };
}

function renamed(port: ModelPort, name: string): ModelPort {
  return { ...port, name };
}
