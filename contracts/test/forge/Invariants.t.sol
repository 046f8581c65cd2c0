// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Verb, VERBS} from "./Acts.sol";
import {Handler} from "./Handler.sol";
import {Park} from "./Park.sol";
import {VM} from "./Vm.sol";

/// @title What holds after every act that anybody can think of
contract Invariants {
    struct FuzzSelector {
        address addr;
        bytes4[] selectors;
    }

    // Enough that a verb which works one time in five has not failed nine times in ten by chance.
    uint256 private constant CALLS_MIN = 150;
    string private constant TALLY = "cache/forge/tally.jsonl";

    Handler private _handler;

    function setUp() external {
        _handler = new Handler();
        _handler.open();
    }

    /// Where forge looks for what it may call.
    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(_handler);
    }

    /// A park is opened once.
    function excludeSelectors() external view returns (FuzzSelector[] memory excluded) {
        excluded = new FuzzSelector[](1);
        excluded[0] = FuzzSelector(address(_handler), new bytes4[](1));
        excluded[0].selectors[0] = Park.open.selector;
    }

    /// Every invariant is looked at after every act, where what was before is still known.
    function invariant_nothing_is_broken() external view {
        string memory broken = _handler.broken();
        require(bytes(broken).length == 0, broken);
    }

    /// What was tried and what worked, by verb, as a line of JSON a run.
    function afterInvariant() external {
        string memory line = "";
        for (uint256 verb = 0; verb < VERBS; ++verb) {
            (uint256 calls, uint256 successes) = (_handler.calls(verb), _handler.successes(verb));
            bool isRare = calls >= CALLS_MIN && successes * 10 < calls;
            if (verb != uint256(Verb.REPLAY)) require(!isRare, "a verb hardly ever works");
            string memory pair =
                string.concat("[", VM.toString(calls), ",", VM.toString(successes), "]");
            line = string.concat(line, verb == 0 ? "[" : ",", pair);
        }
        VM.writeLine(TALLY, string.concat(line, "]"));
    }
}
