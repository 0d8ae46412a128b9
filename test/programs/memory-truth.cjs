"use strict";

// Known allocations, in millions of bytes: A 104.9 kept, B 52.4 let go, a leak of 10.5, and 31.5 off the heap.
const kept = [];
const leaked = [];
const buffers = [];

function allocA() {
  // Filled with a pointer: an array of small integers that becomes one of doubles is allocated twice.
  for (let i = 0; i < 100; i++) kept.push(new Array(131_072).fill(null));
}

function allocB() {
  for (let i = 0; i < 50; i++) new Array(131_072).fill(null);
}

function leak() {
  leaked.push(new Array(13_107).fill(null));
}

function allocD() {
  for (let i = 0; i < 30; i++) buffers.push(Buffer.alloc(1_048_576, 1));
}

function allocE() {
  for (let i = 0; i < 20; i++) Buffer.alloc(1_048_576, 1);
}

allocA();
allocB();
for (let i = 0; i < 100; i++) leak();
allocD();
allocE();
globalThis.everything = [kept, leaked, buffers];
