"use strict";

// Builds what it exports and exports nothing else: none of its functions lives on, so V8 forgets where they were.
// Filled with a pointer: an array of small integers that becomes one of doubles is allocated twice.
const tables = [];

class Table {
  constructor() {
    this.rows = new Array(131_072).fill(null);
  }
}

const build = () => {
  for (let i = 0; i < 4; i++) tables.push({ rows: new Array(131_072).fill(null) });
};

build();
for (let i = 0; i < 4; i++) tables.push(new Table().rows);
for (let i = 0; i < 4; i++) tables.push(new Array(131_072).fill(null));
module.exports = tables;
