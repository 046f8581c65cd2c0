// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Asset} from "../../types/Asset.sol";
import {Acts, Verb, VERBS} from "./Acts.sol";
import {Park} from "./Park.sol";
import {Vm, VM} from "./Vm.sol";

/// @title Carries what the fuzzer does and compares the contracts with the invariants after it
abstract contract Watch is Park {
    struct Act {
        Verb verb;
        address to;
        bytes32 hash; // of the signed message
        bytes32 guard; // of the nonce, the revision or the place in a chain that it uses up
        bytes32 figure; // whose head it may change; 0: none
        bytes32 follows; // the head that it names
        address key; // that signed
        bool isAllowed; // whether that key may
    }

    struct Done {
        address to;
        bytes data;
    }

    struct Die {
        uint256 state;
    }

    uint256 private constant REPEATABLE = 32;

    /// The first invariant that did not hold; empty as long as all do.
    string public broken;
    uint256[VERBS] public calls;
    uint256[VERBS] public successes;

    uint256 private _allCalls;
    Done[] internal done;
    mapping(bytes32 figure => bytes32 head) internal headOf;
    mapping(bytes32 guard => bool isUsed) private _isUsed;
    mapping(bytes32 account => mapping(Asset asset => uint256 spent)) private _spent;
    mapping(Asset asset => uint256 sum) private _sum;

    /// One number below `sides`, and another the next time.
    function _roll(Die memory die, uint256 sides) internal pure returns (uint256) {
        die.state = uint256(keccak256(abi.encode(die.state)));
        return die.state % sides;
    }

    function _die(uint256 seed) internal view returns (Die memory) {
        return Die(uint256(keccak256(abi.encode(seed, _allCalls))));
    }

    function _carry(Act memory act, bytes memory data) internal returns (bool isDone) {
        ++calls[uint256(act.verb)];
        ++_allCalls;
        VM.recordLogs();
        (isDone,) = act.to.call(data);
        _watchBuckets(act);
        _watchHeads(act, isDone);
        if (!isDone) return false;
        ++successes[uint256(act.verb)];
        if (!act.isAllowed) _break("a key without the right changed state");
        _watchGuard(act);
        _watchId(act);
        _keep(Done(act.to, data));
    }

    function _break(string memory invariant) internal {
        if (bytes(broken).length == 0) broken = invariant;
    }

    function _figure(uint256 number) internal view returns (bytes32) {
        uint256 count = periods.length;
        return keccak256(abi.encode(facilities[number / count], periods[number % count]));
    }

    function _keep(Done memory made) private {
        if (done.length < REPEATABLE) done.push(made);
        else done[_allCalls % REPEATABLE] = made;
    }

    /// What all holdings of each asset sum up to, and what left the bucket of the spent.
    function _watchBuckets(Act memory act) private {
        for (uint256 index = 0; index < assets.length; ++index) {
            Asset asset = assets[index];
            uint256 sum = _sumOf(asset);
            (uint64 cap, uint64 issued,) = quotas.supplyOf(asset);
            bool isIssue = act.verb == Verb.ALLOCATE;
            if (sum != _sum[asset] && !isIssue) _break("more than allocate changed the sum");
            if (sum != issued || issued > cap) _break("the buckets do not sum up to the issued");
            _sum[asset] = sum;
        }
    }

    function _sumOf(Asset asset) private returns (uint256 sum) {
        for (uint256 index = 0; index < accounts.length; ++index) {
            bytes32 account = accounts[index];
            (uint256 a, uint256 t, uint256 p, uint256 f, uint256 spent,,,) =
                quotas.holdingOf(account, asset);
            if (spent < _spent[account][asset]) _break("spent fell");
            _spent[account][asset] = spent;
            sum += a + t + p + f + spent;
        }
    }

    function _watchGuard(Act memory act) private {
        if (act.guard == 0) return;
        if (_isUsed[act.guard]) _break("a nonce, a revision or a place was used twice");
        _isUsed[act.guard] = true;
    }

    /// The id and the key as the act's one event tells them.
    function _watchId(Act memory act) private {
        if (act.verb >= Verb.OBLIGE) return;
        Acts.Form memory form = Acts.form(act.verb);
        Vm.Log[] memory logs = VM.getRecordedLogs();
        bytes32 id = bytes32(bytes31(act.hash));
        uint256 told = 0;
        for (uint256 index = 0; index < logs.length; ++index) {
            bool isOurs = logs[index].topics[1] == id;
            if (!isOurs) _break("an event tells another id");
            if (logs[index].topics[0] != form.topic) continue;
            ++told;
            if (Acts.idOf(form, logs[index]) != id) _break("an event tells another id");
            bool isKey = Acts.keyOf(form, logs[index]) == act.key;
            if (!isKey) _break("an event tells another key");
        }
        if (told != 1) _break("an act has not one event");
    }

    function _watchHeads(Act memory act, bool isDone) private {
        for (uint256 number = 0; number < facilities.length * periods.length; ++number) {
            bytes32 figure = _figure(number);
            (bytes32 head,) = emissions.headOf(
                facilities[number / periods.length], periods[number % periods.length]
            );
            bytes32 before = headOf[figure];
            bool isMoved = isDone && act.figure == figure;
            if (isMoved && act.follows != before) _break("a head changed behind another act");
            if (head != (isMoved ? bytes32(bytes31(act.hash)) : before)) {
                _break("a head changed behind another act");
            }
            headOf[figure] = head;
        }
    }
}
