// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IQuotas} from "../../interfaces/IQuotas.sol";
import {Tonnes} from "../../types/Amounts.sol";
import {Asset} from "../../types/Asset.sol";
import {Year} from "../../types/Calendar.sol";
import {Buckets, Rights, Standings} from "../../types/Codes.sol";
import {Verb} from "./Acts.sol";
import {EmissionActs} from "./EmissionActs.sol";
import {IMovableQuotas} from "./IMovableQuotas.sol";
import {VM} from "./Vm.sol";

/// @title Random acts on quota, and everything that was done before done again
contract Handler is EmissionActs {
    function setCap(uint256 seed) external {
        Die memory die = _die(seed);
        Asset asset = assets[_roll(die, assets.length)];
        (, uint64 issued, uint16 current) = quotas.supplyOf(asset);
        uint64 tonnes = uint64(_roll(die, 8) == 0 ? _roll(die, 999) : issued + _roll(die, 9999));
        uint16 revision = _next(die, current);
        IQuotas.Cap memory message = IQuotas.Cap(
            regulator, asset, Tonnes.wrap(tonnes), revision, bytes32(die.state), _deadline(die)
        );
        Act memory act = _onQuota(Verb.SET_CAP, abi.encode(message));
        act.guard = keccak256(abi.encode(Verb.SET_CAP, asset, revision));
        bytes memory signature = _signed(die, act, regulator, Rights.ISSUE, message.deadline);
        _carry(act, abi.encodeCall(IQuotas.setCap, (message, signature)));
    }

    function setRule(uint256 seed) external {
        Die memory die = _die(seed);
        uint8 instrument = uint8(1 + _roll(die, assets.length));
        Year year = Year.wrap(uint16(2023 + _roll(die, 2)));
        (,,,,, uint16 current) = quotas.ruleOf(instrument, year);
        IQuotas.Rule memory message = IQuotas.Rule(
            regulator,
            instrument,
            year,
            Year.wrap(2020),
            Year.wrap(uint16(_roll(die, 8) == 0 ? 2019 : 2023 + _roll(die, 9))),
            _roll(die, 8) == 0 ? 500 : 10_000,
            _roll(die, 4) == 0,
            FOREVER,
            _next(die, current),
            bytes32(die.state),
            _deadline(die)
        );
        Act memory act = _onQuota(Verb.SET_RULE, abi.encode(message));
        act.guard = keccak256(abi.encode(Verb.SET_RULE, instrument, year, message.revision));
        bytes memory signature = _signed(die, act, regulator, Rights.ISSUE, message.deadline);
        _carry(act, abi.encodeCall(IQuotas.setRule, (message, signature)));
    }

    function allocate(uint256 seed) external {
        Die memory die = _die(seed);
        (bytes32 account, Asset asset) = _holding(die);
        (uint40 available,,,,, uint16 current,,) = quotas.holdingOf(account, asset);
        (uint64 cap, uint64 issued,) = quotas.supplyOf(asset);
        bool isRecall = _roll(die, 3) == 0;
        uint256 limit = isRecall ? available : cap - issued;
        uint256 tonnes = _roll(die, 8) == 0 ? limit + 1 : _roll(die, limit + 1);
        IQuotas.Allocation memory message = IQuotas.Allocation(
            regulator,
            account,
            asset,
            isRecall ? -int64(uint64(tonnes)) : int64(uint64(tonnes)),
            _next(die, current),
            bytes32(seed),
            bytes32(die.state),
            _deadline(die)
        );
        Act memory act = _onQuota(Verb.ALLOCATE, abi.encode(message));
        act.guard = keccak256(abi.encode(Verb.ALLOCATE, account, asset, message.revision));
        bytes memory signature = _signed(die, act, regulator, Rights.ISSUE, message.deadline);
        if (!_stands(account, Standings.HOLDS)) act.isAllowed = false;
        _carry(act, abi.encodeCall(IQuotas.allocate, (message, signature)));
    }

    function transfer(uint256 seed) external {
        Die memory die = _die(seed);
        (bytes32 from, Asset asset) = _stocked(die, Buckets.AVAILABLE);
        (bytes32 to,) = _holding(die);
        IQuotas.Transfer memory message = IQuotas.Transfer(
            from, to, asset, _tonnes(die, from, asset), _nonce(die, from, asset), _deadline(die)
        );
        Act memory act = _onQuota(Verb.TRANSFER, abi.encode(message));
        act.guard = _nonceGuard(from, asset, message.nonce);
        bytes memory signature = _signed(die, act, from, Rights.MOVE, message.deadline);
        bool isOpen = _stands(from, Standings.SENDS) && _stands(to, Standings.HOLDS);
        if (!isOpen) act.isAllowed = false;
        _carry(act, abi.encodeCall(IQuotas.transfer, (message, signature)));
    }

    function surrender(uint256 seed) external {
        Die memory die = _die(seed);
        (bytes32 account, Asset asset) = _stocked(die, Buckets.AVAILABLE);
        IQuotas.Surrender memory message = IQuotas.Surrender(
            account,
            asset,
            _tonnes(die, account, asset),
            Year.wrap(uint16(2023 + _roll(die, 2))),
            _nonce(die, account, asset),
            _deadline(die)
        );
        Act memory act = _onQuota(Verb.SURRENDER, abi.encode(message));
        act.guard = _nonceGuard(account, asset, message.nonce);
        bytes memory signature = _signed(die, act, account, Rights.MOVE, message.deadline);
        _carry(act, abi.encodeCall(IQuotas.surrender, (message, signature)));
    }

    function cancel(uint256 seed) external {
        Die memory die = _die(seed);
        (bytes32 account, Asset asset) = _stocked(die, Buckets.AVAILABLE);
        IQuotas.Cancellation memory message = IQuotas.Cancellation(
            account,
            asset,
            _tonnes(die, account, asset),
            bytes32(seed),
            bytes32(die.state),
            _nonce(die, account, asset),
            _deadline(die)
        );
        Act memory act = _onQuota(Verb.CANCEL, abi.encode(message));
        act.guard = _nonceGuard(account, asset, message.nonce);
        bytes memory signature = _signed(die, act, account, Rights.MOVE, message.deadline);
        _carry(act, abi.encodeCall(IQuotas.cancel, (message, signature)));
    }

    /// As the auditor, whose key this contract is; sometimes as a module that is another's.
    function oblige(uint256 seed) external {
        Die memory die = _die(seed);
        bytes32 module = _roll(die, 8) == 0 ? regulator : auditor;
        (bytes32 account,) = _holding(die);
        int64 tonnes = int64(uint64(_roll(die, 999))) - 99;
        int8 figures = int8(int256(_roll(die, 2)));
        Act memory act = _act(Verb.OBLIGE, address(quotas), 0);
        act.isAllowed = _mayAct(module, address(this), Rights.OBLIGE);
        Year year = Year.wrap(uint16(2023 + _roll(die, 2)));
        bytes32 cause = bytes32(die.state);
        _carry(
            act, abi.encodeCall(IQuotas.oblige, (module, account, year, tonnes, figures, cause))
        );
    }

    /// Between any two buckets, as later verbs and modules will; the door itself asks for no key.
    function move(uint256 seed) external {
        Die memory die = _die(seed);
        (uint8 fromBucket, uint8 toBucket) = (uint8(_roll(die, 5)), uint8(_roll(die, 5)));
        (bytes32 from, Asset asset) = _stocked(die, fromBucket);
        (bytes32 to,) = _holding(die);
        uint256 tonnes = _roll(die, _bucket(from, asset, fromBucket) + 2);
        Act memory act = _act(Verb.MOVE, address(quotas), 0);
        act.isAllowed = fromBucket != Buckets.SPENT;
        _carry(
            act,
            abi.encodeCall(IMovableQuotas.move, (from, fromBucket, to, toBucket, asset, tonnes))
        );
    }

    /// A signed act that was done is never done again.
    function replay(uint256 seed) external {
        if (done.length == 0) return;
        Done memory made = done[_roll(_die(seed), done.length)];
        bytes4 verb = bytes4(made.data);
        if (verb == IMovableQuotas.move.selector || verb == IQuotas.oblige.selector) return;
        Act memory act = _act(Verb.REPLAY, made.to, 0);
        act.isAllowed = true;
        if (_carry(act, made.data)) _break("a nonce, a revision or a place was used twice");
    }

    function _onQuota(Verb verb, bytes memory words) private view returns (Act memory) {
        return _act(verb, address(quotas), _hash(verb, words));
    }

    function _holding(Die memory die) private view returns (bytes32, Asset) {
        return (accounts[_roll(die, accounts.length)], assets[_roll(die, assets.length)]);
    }

    /// A holding with something in a bucket, if there is one.
    function _stocked(Die memory die, uint8 bucket) private view returns (bytes32, Asset) {
        uint256 start = _roll(die, accounts.length * assets.length);
        for (uint256 step = 0; step < accounts.length * assets.length; ++step) {
            uint256 number = (start + step) % (accounts.length * assets.length);
            bytes32 account = accounts[number / assets.length];
            Asset asset = assets[number % assets.length];
            if (_bucket(account, asset, bucket) != 0) return (account, asset);
        }
        return _holding(die);
    }

    function _bucket(bytes32 account, Asset asset, uint8 bucket) private view returns (uint256) {
        uint256[5] memory have;
        (have[0], have[1], have[2], have[3], have[4],,,) = quotas.holdingOf(account, asset);
        return have[bucket];
    }

    /// Mostly what is there.
    function _tonnes(Die memory die, bytes32 account, Asset asset) private view returns (Tonnes) {
        uint256 available = _bucket(account, asset, Buckets.AVAILABLE);
        bool isMore = _roll(die, 12) == 0;
        return Tonnes.wrap(uint64(isMore ? available + 1 : _roll(die, available / 3 + 2)));
    }

    /// Mostly unused and in the window.
    function _nonce(Die memory die, bytes32 account, Asset asset) private view returns (uint24) {
        (,,,,,, uint24 top,) = quotas.holdingOf(account, asset);
        uint256 number = top + 1 + _roll(die, 3);
        uint256 back = _roll(die, 20);
        if (_roll(die, 6) == 0) number = top > back ? top - back : 1;
        return uint24(number);
    }

    function _nonceGuard(bytes32 account, Asset asset, uint24 nonce)
        private
        pure
        returns (bytes32)
    {
        return keccak256(abi.encode("nonce", account, asset, nonce));
    }
}
