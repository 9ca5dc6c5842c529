import { describe, expect, inject, test } from 'vitest';
import { deepfunctor, seven, spoil, told } from './project.js';

/** What is listed while one plugin is broken: the others, and why it was set aside. */
function withoutOne(name: string) {
  const { plugins, setAside } = told('list');
  const names = plugins.map((plugin: { name: string }) => plugin.name).sort();
  expect(names).toEqual(
    inject('plugins')
      .filter((each) => each !== name)
      .sort(),
  );
  expect(setAside).toHaveLength(1);
  return setAside[0];
}

describe('a weight file', () => {
  test('that is cut short sets its plugin aside, and the others go on', () => {
    spoil('@deepfunctor/functor-dots/decode.onnx', (content) => content.subarray(0, content.length / 2));
    const { name, error } = withoutOne('dots');
    expect(name).toBe('dots');
    expect(error.code).toBe('WEIGHTS_SIZE');
    expect(error.what).toMatch(/^The file “decode\.onnx” has \d+ bytes, but \d+ are recorded\.$/);
    expect(error.where).toMatch(/node_modules\/@deepfunctor\/functor-dots$/);

    expect(deepfunctor('list').stdout).toContain('set aside: dots\nThe file “decode.onnx” has ');
    expect(deepfunctor('run', 'digits -> add-one -> binary', '-i', seven)).toMatchObject({
      status: 0,
      stdout: '1000\n',
    });
    const { status, stderr } = deepfunctor('run', 'digits -> add-one -> dots', '-i', seven);
    expect(stderr).toMatch(
      /“dots” is installed\. \[CHAIN_UNKNOWN_NAME\].*`deepfunctor list` shows what was set/s,
    );
    expect(status).toBe(2);
  });

  test('that was changed is told with exit code 1 when it is needed, and only then', () => {
    spoil('@deepfunctor/functor-dots/decode.onnx', (content) => content.fill(0, 1000, 1100));
    const { status, stdout, stderr } = deepfunctor('run', 'digits -> add-one -> dots', '-i', seven);
    expect(stderr).toMatch(
      /^The SHA-256 of “decode\.onnx” is \w{64}, but \w{64} is recorded\. \[WEIGHTS_DIGEST\]\n {2}where: .*functor-dots\n/,
    );
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(deepfunctor('run', 'digits -> add-one -> binary', '-i', seven).stdout).toBe('1000\n');
  });
});

test('a manifest that is invalid sets its plugin aside, and the others load', () => {
  spoil('@deepfunctor/functor-binary/package.json', (content) => {
    const json = JSON.parse(content.toString());
    json.deepfunctor.codec.width = 'four';
    return JSON.stringify(json);
  });
  const { error } = withoutOne('binary');
  expect(error.code).toBe('MANIFEST_INVALID');
  expect(error.what).toContain('codec.width: ');
  expect(error.where).toMatch(/functor-binary\/package\.json$/);
  expect(deepfunctor('run', 'digits -> add-one -> dots', '-i', seven)).toMatchObject({ status: 0 });
});
