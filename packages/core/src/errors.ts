/**
 * Every error a user can meet, in one table: a code, what it means, the sentence that is shown, and what to do.
 * `{name}` in a text is a parameter that `coded` and `fail` require by type. `docs/errors.md` is generated from here.
 */
export const ERRORS = {
  // What a person gives.
  IMAGE_UNREADABLE: {
    meaning: 'The input is not an image that can be read.',
    what: 'This is not a readable PNG image: {reason}.',
    todo: 'Give a PNG file; convert other formats first, and fetch the file again if it is cut short.',
  },
  IMAGE_SIZE: {
    meaning: 'The sides of the image are outside what the image codec accepts.',
    what: 'The image is {width} × {height} pixels; each side must be {min} to {max}.',
    todo: 'Crop or scale the image so that each side is {min} to {max} pixels.',
  },
  IMAGE_EMPTY: {
    meaning: 'The image has no ink, and the format has no meaning for an empty picture.',
    what: 'The image is empty: nothing stands out from its background.',
    todo: 'Give an image with something drawn on it, dark on light or light on dark.',
  },
  BITS_INVALID: {
    meaning: 'The text is not a binary number of the width that the format declares.',
    what: '“{value}” is not a binary number of {width} bits.',
    todo: 'Write exactly {width} characters, each 0 or 1, for example {example}.',
  },
  SYMBOLS_INVALID: {
    meaning: 'The text cannot be spelled in the alphabet of the format, or is too long for it.',
    what: '“{value}” cannot be read: {reason}.',
    todo: 'Write one of: {values}.',
  },
  VALUE_OUTSIDE_DOMAIN: {
    meaning: 'The value is well formed, but the functor covers no label for it.',
    what: '“{value}” is outside the domain of “{functor}”.',
    todo: 'Use one of: {values}.',
  },
  INPUT_MISSING: {
    meaning: 'An input file cannot be opened.',
    what: 'The input cannot be opened: {reason}.',
    todo: 'Check the path and the permission to read it.',
  },
  INPUT_COUNT: {
    meaning: 'A chain was given more or fewer inputs than it takes.',
    what: 'This chain takes {expected} input(s) and was given {given}.',
    todo: 'Give one input for each functor that the chain begins with, in their order.',
  },
  INPUT_KIND: {
    meaning: 'An input has another form than the codec of its functor reads.',
    what: '“{functor}” reads {expected}, but was given {given}.',
    todo: 'Give the input as {expected}.',
  },
  INPUT_TENSOR: {
    meaning: 'A tensor has another size or type than its port, or values that are not finite.',
    what: 'The tensor “{name}” does not fit: {reason}.',
    todo: 'Give float32 values of shape {shape}.',
  },
  INPUT_LINE: {
    meaning: 'A line of the standard input is neither an input nor JSON that holds one.',
    what: 'The line cannot be read: {reason}.',
    todo: 'Write one question a line: a path or a text, several between tabs, or JSON: a list of texts, or an object with it as “input”.',
  },
  INPUT_NONE: {
    meaning: 'A folder or a pattern was given as input, and there is no file of it.',
    what: 'There is no input: {reason}.',
    todo: 'Give a folder of PNG files, or a pattern in quotes; “FOLDER/**/*.png” looks into folders of folders, too.',
  },
  INPUT_PAIRS: {
    meaning: 'A chain of several inputs was given lists of them that do not pair.',
    what: 'The inputs cannot be paired: their numbers differ ({counts}).',
    todo: 'Give lists of the same length, which are paired in order, or a single input, which goes with each of the others.',
  },
  STYLE_UNAVAILABLE: {
    meaning: 'The style that was asked for does not exist for this chain.',
    what: 'The style “{style}” is not available: {reason}.',
    todo: 'Use one of: {available}.',
  },

  // How a chain is put together.
  CHAIN_SYNTAX: {
    meaning: 'The expression of a chain is not well formed.',
    what: 'The chain cannot be read: {reason}.',
    todo: 'Write names joined by “->”, and a tuple as “(a, b)”, for example “a -> f -> b” or “(a, b) -> g -> c”.',
  },
  CHAIN_UNKNOWN_NAME: {
    meaning: 'The chain names a plugin that is not installed, or that was set aside.',
    what: 'No plugin named “{name}” is installed.',
    todo: 'Use an installed name, nearest first: {names}. `deepfunctor list` shows what was set aside, and why.',
  },
  CHAIN_ENDS: {
    meaning: 'A chain must begin with functors, end with a functor, and have only morphisms between.',
    what: 'The ends of the chain do not fit: {reason}.',
    todo: 'Begin each branch with a functor (it encodes), put only morphisms between, and end with one functor (it decodes).',
  },
  CHAIN_CATEGORY: {
    meaning: 'Two neighbours of a chain do not meet in the same category.',
    what: '“{left}” gives an object of “{given}”, but “{right}” takes one of “{taken}”.',
    todo: 'Put a morphism from “{given}” to “{taken}” between them, or choose a part of the same category.',
  },
  CHAIN_ARITY: {
    meaning: 'A part of a chain was given more or fewer objects than it takes.',
    what: '“{name}” takes {arity} object(s) and was given {given}.',
    todo: 'Put a tuple of {arity} branch(es) before it: “(a, b) -> g” gives two objects.',
  },
  CHAIN_SPACES: {
    meaning:
      'A chain goes from one latent space of a category into another, and no installed bridge leads there.',
    what: '“{left}” lives in {given}, but “{right}” in {taken}, which is another space, and {bridges}.',
    todo: 'Use plugins of one space ({fitting}), or install a bridge, or learn one: {command}.',
  },

  // What a plugin package holds.
  MANIFEST_INVALID: {
    meaning:
      'The manifest in a package.json does not follow the schema, or contradicts itself or its category.',
    what: 'The manifest is invalid: {reason}.',
    todo: 'Correct the named fields of this package.json, or install another version of the package.',
  },
  CORE_RANGE: {
    meaning:
      'A plugin was made for other versions of @deepfunctor/core, its peer dependency, than the installed one.',
    what: 'The plugin needs @deepfunctor/core {range}, but {version} is installed.',
    todo: 'Install a version of the plugin for @deepfunctor/core {version}, or one of deepfunctor that brings {range}.',
  },
  PLUGIN_UNRESOLVED: {
    meaning: 'A package that should be a plugin cannot be found, or its package.json cannot be read.',
    what: 'The package cannot be opened: {reason}.',
    todo: 'Install the dependencies of your project, or correct the path.',
  },
  PLUGIN_DUPLICATE: {
    meaning: 'Two installed packages have the same plugin name.',
    what: 'The name “{name}” is already taken by {other}.',
    todo: 'Remove one of the two packages from your project.',
  },
  CATEGORY_UNKNOWN: {
    meaning: 'A plugin lives in a category of which no release is installed.',
    what: 'No category named “{category}” is installed.',
    todo: 'Install the package of that category; installed: {installed}.',
  },
  CONTRACT_RANGE: {
    meaning: 'A plugin was made for other versions of a category’s contract than the installed one.',
    what: 'The plugin needs version {range} of the contract of “{category}”, but {version} is installed.',
    todo: 'Install a version of the plugin for contract {version}, or a release of the category within {range}.',
  },
  SPACE_MISMATCH: {
    meaning: 'A plugin was learned against another latent space than the installed category has.',
    what: 'The plugin was learned against the space {expected}, but “{category}” has {actual}.',
    todo: 'Install the version of the plugin that belongs to this release of the category: latents of two spaces do not mix. Or install the release that it belongs to, and a bridge.',
  },
  CATEGORY_AMBIGUOUS: {
    meaning: 'Several releases of a category are installed, and it was not said which of them is meant.',
    what: '“{category}” is installed in several releases: {releases}.',
    todo: 'Say which one, with its version: {releases}.',
  },

  // Files of weights and data inside a package.
  WEIGHTS_MISSING: {
    meaning: 'A file that a manifest or a category release names is not there.',
    what: 'The file “{path}” is missing or cannot be read: {reason}.',
    todo: 'Install the package again.',
  },
  WEIGHTS_OUTSIDE: {
    meaning:
      'A file is named by a path that leaves its package, or that goes through a link, or is no regular file.',
    what: 'The file “{path}” is refused: {reason}.',
    todo: 'Name a regular file inside the package by a relative path with forward slashes, without “..” or links.',
  },
  WEIGHTS_LIMIT: {
    meaning: 'A file is larger than is ever opened.',
    what: 'The file “{path}” has {bytes} bytes; the limit is {limit}.',
    todo: 'Use a smaller network, or store its weights more compactly.',
  },
  WEIGHTS_SIZE: {
    meaning: 'A file has another length than the manifest or release says: it is cut short or was changed.',
    what: 'The file “{path}” has {actual} bytes, but {expected} are recorded.',
    todo: 'Install the package again; its author must record the bytes anew after every change.',
  },
  WEIGHTS_DIGEST: {
    meaning: 'The content of a file is not what the manifest or release says.',
    what: 'The SHA-256 of “{path}” is {actual}, but {expected} is recorded.',
    todo: 'Install the package again; its author must record the digest anew after every change.',
  },
  WEIGHTS_BROKEN: {
    meaning: 'A file is not a readable ONNX model, or the engine refuses it.',
    what: 'The file is not a usable ONNX model: {reason}.',
    todo: 'Install the package again; its author can check the file with onnx.checker.',
  },
  WEIGHTS_OPSET: {
    meaning: 'A model uses another operator set than the contract allows.',
    what: 'The model imports {imports}; allowed is the standard domain at opset {min} to {max}.',
    todo: 'Export the model with opset {min} to {max} and standard operators only.',
  },
  WEIGHTS_OPERATOR: {
    meaning: 'A model has an operator that the contract excludes.',
    what: 'The node “{node}” is {operator}: {reason}.',
    todo: 'Export the model with standard operators, without control flow and without random operators.',
  },
  WEIGHTS_FUNCTIONS: {
    meaning: 'A model defines functions of its own, or carries training information.',
    what: 'The model holds {found}, which the contract excludes.',
    todo: 'Inline the functions and strip training information before the export.',
  },
  WEIGHTS_EXTERNAL: {
    meaning: 'A model keeps weights in another file.',
    what: 'The tensor “{tensor}” lies in another file.',
    todo: 'Save the model with its weights inside.',
  },
  WEIGHTS_PORTS: {
    meaning: 'The inputs or outputs of a model have other names, types or shapes than the contract says.',
    what: 'The ports of the model do not fit: {reason}.',
    todo: 'Export the model with the ports: {expected}.',
  },
  FUSION_OPSET: {
    meaning:
      'Models of different operator sets cannot become one graph: an operator changed between them in a way that cannot be said in the newer one.',
    what: 'The node “{node}” is {operator} of opset {from}, which cannot be said in opset {opset}, the one of another part.',
    todo: 'Export this model anew with opset {opset}. The chain itself runs as it is, model by model.',
  },
  TENSORS_BROKEN: {
    meaning: 'A file is not a readable safetensors file, or tensors cannot be stored as one.',
    what: 'These are not valid safetensors: {reason}.',
    todo: 'Install the package again, or write the file anew.',
  },
  CATEGORY_BROKEN: {
    meaning: 'The release of a category does not follow the schema, or its files or its digest do not fit.',
    what: 'The release of the category is broken: {reason}.',
    todo: 'Install the package of the category again; its author must seal the release anew after every change.',
  },

  // Engines, data, outputs and commands.
  ENGINE_MISSING: {
    meaning: 'No engine is installed that can do the work.',
    what: 'The engine “{engine}” cannot be loaded: {reason}.',
    todo: 'Install it with your package manager: {packages}.',
  },
  DATA_MISSING: {
    meaning: 'A data set, or a file of it, is not there.',
    what: 'The data are missing: {missing}.',
    todo: '{solution}',
  },
  DATA_BROKEN: {
    meaning: 'A data file is there but cannot be used.',
    what: 'The data cannot be used: {reason}.',
    todo: 'Fetch the file again and compare its size with the source’s.',
  },
  FOUNDING_FAILED: {
    meaning: 'The joint training did not come to what its parts are meant to compute.',
    what: 'The founding has not learned its tasks: {reason}.',
    todo: 'Train longer or with another seed, in an empty run folder.',
  },
  TABLE_INVALID: {
    meaning:
      'The table of a morphism is not well formed, or does not give a label for every choice of inputs.',
    what: 'The table cannot be used: {reason}.',
    todo: 'Write an expression of {variables}, such as “{example}”, or a CSV file with one row for each choice of inputs and the result last.',
  },
  EXAMPLES_INVALID: {
    meaning: 'Examples to learn from contradict each other, lack a label, or cannot be read.',
    what: 'The examples cannot be learned from: {reason}.',
    todo: '{solution}',
  },
  LEARNING_FAILED: {
    meaning: 'A learning did not come to what it was asked for; nothing was written.',
    what: 'The learning has not converged: {reason}.',
    todo: 'Give it more steps or more examples, or look for examples that are labelled wrongly.',
  },
  CHECKPOINT_MISMATCH: {
    meaning: 'A saved state of training belongs to another recipe, seed or data set.',
    what: 'The saved training cannot be continued: {reason}.',
    todo: 'Continue with the settings it was begun with, or begin anew in an empty folder.',
  },
  OUTPUT_EXISTS: {
    meaning: 'A file would be overwritten that this program did not write.',
    what: 'The output exists already.',
    todo: 'Choose another name, or remove it.',
  },
  RESULTS_MISMATCH: {
    meaning: 'Results of a run that was stopped belong to another chain, other plugins, options or inputs.',
    what: 'These results cannot be continued: {reason}.',
    todo: 'Run it as it was begun, or give another --out; to begin anew, remove the results and {record}.',
  },
  OUTPUT_UNWRITABLE: {
    meaning: 'An output cannot be written; nothing was left half-written.',
    what: 'The output cannot be written: {reason}.',
    todo: 'Check that the folder exists, that you may write there, and that the disk has room.',
  },
  USAGE: {
    meaning: 'A command was called in a way that it does not know.',
    what: '{reason}.',
    todo: 'See {help}.',
  },
  INTERRUPTED: {
    meaning: 'The work was stopped from outside before it was done.',
    what: 'Stopped before the work was done.',
    todo: 'Run the command again; {resume}.',
  },
  // Serving chains over HTTP.
  SERVE_CONFIG: {
    meaning: 'The settings of the server do not follow their schema, or contradict each other.',
    what: 'The server cannot be set up so: {reason}.',
    todo: 'Correct the named fields; docs/serving.md lists all of them.',
  },
  SERVE_ADDRESS: {
    meaning: 'The server cannot listen at its address.',
    what: 'The server cannot listen: {reason}.',
    todo: 'Choose another --port (0 takes a free one) or --host, or stop what listens there.',
  },
  REQUEST_INVALID: {
    meaning: 'A request does not follow HTTP or the Open Inference Protocol.',
    what: 'The request is not well formed: {reason}.',
    todo: 'Send what version 2 of the Open Inference Protocol asks for, as docs/serving.md shows.',
  },
  REQUEST_UNAUTHORIZED: {
    meaning: 'The server asks for a token, and the request has none or another one.',
    what: 'This server answers only requests with its token.',
    todo: 'Send the header “Authorization: Bearer TOKEN”.',
  },
  REQUEST_SIZE: {
    meaning: 'A request is larger than the server accepts.',
    what: 'The request is too large: {reason}.',
    todo: 'Send fewer rows at a time, or raise the limit with {option}.',
  },
  REQUEST_TIMEOUT: {
    meaning: 'A request came in too slowly, or waited too long for its answer.',
    what: 'The request was given up after {seconds} s: {reason}.',
    todo: 'Send it again, later or in smaller pieces; --timeout sets the time.',
  },
  ROUTE_UNKNOWN: {
    meaning: 'The server has no such address.',
    what: '{method} {path} is no address of this server.',
    todo: 'Use those of the Open Inference Protocol, version 2: /v2, /v2/health/live, /v2/models/NAME/infer ….',
  },
  MODEL_UNKNOWN: {
    meaning: 'The server has no model of this name or version.',
    what: 'No model “{name}” is served: {reason}.',
    todo: 'Name one of: {names}.',
  },
  SERVER_BUSY: {
    meaning: 'The server has as much to do as it takes on; nothing of the request was done.',
    what: 'The server is busy: {reason}.',
    todo: 'Send the request again a little later, as the header Retry-After says.',
  },
  SERVER_CLOSING: {
    meaning: 'The server is being stopped and takes no new requests.',
    what: 'The server is shutting down.',
    todo: 'Send the request again later, or to another server.',
  },
  SERVER_FAULT: {
    meaning: 'The server failed in a way that it does not know.',
    what: 'The server failed: {reason}.',
    todo: 'Send the request again; if it fails again, report it with what the server wrote to its log.',
  },
} as const satisfies Record<string, { meaning: string; what: string; todo: string }>;

/** The code of an error: a key of the table, stable across versions. */
export type ErrorCode = keyof typeof ERRORS;

type Names<Text extends string> = Text extends `${string}{${infer Name}}${infer Rest}`
  ? Name | Names<Rest>
  : never;

/** What an error of this code must be told: where it happened, and a value for each `{name}` in its texts. */
export type ErrorParameters<C extends ErrorCode> = { where: string; cause?: unknown } & Record<
  Names<(typeof ERRORS)[C]['what']> | Names<(typeof ERRORS)[C]['todo']>,
  string | number
>;

/** An error with a code from the table. Its message is the one text that is shown everywhere. */
export class DeepFunctorError extends Error {
  override readonly name = 'DeepFunctorError';

  constructor(
    readonly code: ErrorCode,
    /** What was wrong, one sentence. */
    readonly what: string,
    /** The file, argument or part it was found in. */
    readonly where: string,
    /** What the user can do about it. */
    readonly todo: string,
    cause?: unknown,
  ) {
    super(`${what} [${code}]\n  where: ${where}\n  do: ${todo}`, cause === undefined ? undefined : { cause });
  }

  /** The parts of the error as plain data, for `--json`. */
  toJSON(): { code: ErrorCode; what: string; where: string; todo: string } {
    return { code: this.code, what: this.what, where: this.where, todo: this.todo };
  }
}

/** Make the error of a code, without throwing it (a host sets it aside, a checker lists it). */
export function coded<C extends ErrorCode>(code: C, parameters: ErrorParameters<C>): DeepFunctorError {
  const values: Record<string, unknown> = parameters;
  const fill = (text: string) => text.replace(/\{(\w+)\}/g, (_, name: string) => String(values[name]));
  const { what, todo } = ERRORS[code];
  return new DeepFunctorError(code, fill(what), parameters.where, fill(todo), parameters.cause);
}

/** Throw the error of a code. */
export function fail<C extends ErrorCode>(code: C, parameters: ErrorParameters<C>): never {
  throw coded(code, parameters);
}

/** The message of anything that was thrown, for the `reason` of a coded error. */
export function reasonOf(thrown: unknown): string {
  if (thrown instanceof DeepFunctorError) return thrown.what;
  return thrown instanceof Error ? thrown.message : String(thrown);
}
