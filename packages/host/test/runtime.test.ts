import { afterEach, describe, expect, test, vi } from 'vitest';

afterEach(() => {
  vi.doUnmock('onnxruntime-node');
  vi.doUnmock('#onnxruntime-web');
  vi.resetModules();
});

const without = async (...packages: string[]) => {
  for (const name of packages)
    vi.doMock(name, () => {
      throw new Error(`no ${name}`);
    });
  return await import('../src/runtime.js');
};

describe('the engine', () => {
  test('is the native one where it is installed', async () => {
    const { openRuntime } = await without();
    expect((await openRuntime()).engine).toBe('node');
  });

  test('is the web one where the native one does not load', async () => {
    const { openRuntime } = await without('onnxruntime-node');
    expect((await openRuntime()).engine).toBe('web');
    await expect(openRuntime('node')).rejects.toMatchObject({ code: 'ENGINE_MISSING' });
  });

  test('that is missing altogether is an error that names what to install', async () => {
    const { openRuntime } = await without('onnxruntime-node', '#onnxruntime-web');
    await expect(openRuntime()).rejects.toMatchObject({ code: 'ENGINE_MISSING' });
    await expect(openRuntime()).rejects.toThrow('with your package manager: @deepfunctor/host');
  });
});
