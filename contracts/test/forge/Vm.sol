// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title The few things forge does for a test that no contract can do
interface Vm {
    struct Log {
        bytes32[] topics;
        bytes data;
        address emitter;
    }

    function addr(uint256 secret) external pure returns (address);
    function sign(uint256 secret, bytes32 digest) external pure returns (uint8, bytes32, bytes32);
    function warp(uint256 time) external;
    function recordLogs() external;
    function getRecordedLogs() external returns (Log[] memory);
    function deployCode(string calldata contractName, bytes calldata arguments)
        external
        returns (address);
    function writeLine(string calldata path, string calldata line) external;
    function toString(uint256 value) external pure returns (string memory);
}

// Where forge listens: the last 20 bytes of keccak256("hevm cheat code").
Vm constant VM = Vm(0x7109709ECfa91a80626fF3989D68f67F5b1DD12D);
