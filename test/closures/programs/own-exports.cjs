// What compilers make of `export let counter`, in a file that travels by value.
const { ThreadPoolExecutor } = require("spool");

Object.defineProperty(exports, "__esModule", { value: true });
exports.counter = 0;
exports.count = () => ++exports.counter;
const own_1 = exports;

const pool = new ThreadPoolExecutor({ maxWorkers: 1 });
void pool
  .submit(() => {
    own_1.count();
    return own_1.counter;
  })
  .then((counter) => console.log(counter, own_1.counter));
