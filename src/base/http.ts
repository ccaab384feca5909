/**
 * The functions of `node:http`. Importing that module by name reads all its exports, among them the WebSocket client that
 * is loaded only then: 30 ms of every start. Types are imported from `node:http` as ever.
 */
export const { Agent, createServer, request } = process.getBuiltinModule('node:http');
