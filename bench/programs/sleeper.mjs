setTimeout(() => process.disconnect(), Number(process.argv[2] ?? 1000));
