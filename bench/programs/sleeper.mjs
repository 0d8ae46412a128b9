setTimeout(() => process.disconnect(), 1000);
