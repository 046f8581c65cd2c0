// Hardhat with the compiler and settings of scripts/compile.py, from node_modules alone.
"use strict";
const { subtask } = require("hardhat/config");
const path = require("path");
const {
  TASK_COMPILE_SOLIDITY_GET_SOLC_BUILD,
  TASK_COMPILE_SOLIDITY_GET_SOURCE_PATHS,
} = require("hardhat/builtin-tasks/task-names");
const solc = require("solc");
const { version, settings } = require("./contracts/settings.json");

subtask(TASK_COMPILE_SOLIDITY_GET_SOLC_BUILD, async ({ solcVersion }) => {
  if (!solc.version().startsWith(`${solcVersion}+`)) {
    throw new Error(`solc ${solcVersion} is wanted, node_modules has ${solc.version()}`);
  }
  return {
    compilerPath: require.resolve("solc/soljson.js"),
    isSolcJs: true,
    version: solcVersion,
    longVersion: solc.version().replace(/\.Emscripten\.clang$/, ""),
  };
});

// What forge tests with is forge's alone.
subtask(TASK_COMPILE_SOLIDITY_GET_SOURCE_PATHS, async (_, __, runSuper) => {
  const forge = path.join(__dirname, "contracts", "test", "forge") + path.sep;
  return (await runSuper()).filter((source) => !source.startsWith(forge));
});

module.exports = {
  solidity: { version, settings },
  paths: { cache: "cache/hardhat", artifacts: "cache/hardhat-artifacts" },
};
