// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Address} from "@openzeppelin/contracts/utils/Address.sol";

/// @title A contract that does what it is told: a participant's key, or an intruder
contract Puppet {
    /// Calls as itself.
    function act(address target, bytes calldata data) external {
        Address.functionCall(target, data);
    }

    /// Runs another contract's code on its own storage.
    function borrow(address code, bytes calldata data) external {
        Address.functionDelegateCall(code, data);
    }
}
