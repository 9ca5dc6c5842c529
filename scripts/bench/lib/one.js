// Runs the benchmark in the module that is named, in this process, and sends what it tells to the parent.
const [module] = process.argv.slice(2);
process.once('message', async ({ data, smoke }) => {
  const progress = (text) => process.send({ progress: text });
  const finish = (message) => process.send(message, () => process.exit(0));
  try {
    const { default: benchmark } = await import(module);
    finish({ result: await benchmark({ data, smoke, progress }) });
  } catch (error) {
    finish({ error: error.stack ?? String(error) });
  }
});
process.once('disconnect', () => process.exit(1));
