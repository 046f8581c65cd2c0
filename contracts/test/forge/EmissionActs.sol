// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IEmissions} from "../../interfaces/IEmissions.sol";
import {Carbon, Tonnes} from "../../types/Amounts.sol";
import {Period} from "../../types/Calendar.sol";
import {Opinions, Rights, Stages, Standings} from "../../types/Codes.sol";
import {Verb} from "./Acts.sol";
import {IdentifierActs} from "./IdentifierActs.sol";

/// @title Random acts on figures: most follow the head at a stage that allows them, some do not
abstract contract EmissionActs is IdentifierActs {
    struct Figure {
        bytes32 facility; // identifier
        Period period;
        bytes32 key; // under which its head is watched
        bytes32 follows; // mostly the head
    }

    // The stages at which a figure waits for a report.
    uint256 private constant UNFINISHED =
        (1 << Stages.NONE) | (1 << Stages.ANCHORED) | (1 << Stages.REOPENED);

    mapping(bytes32 figure => IEmissions.Statement) private _statement;
    mapping(bytes32 figure => IEmissions.Confirmation) private _confirmation;

    function anchor(uint256 seed) external {
        Die memory die = _die(seed);
        Figure memory figure = _pick(die, UNFINISHED);
        uint32 year = Period.unwrap(figure.period) / 100 * 100;
        IEmissions.Evidence memory message = IEmissions.Evidence(
            figure.facility,
            figure.period,
            figure.follows,
            Period.wrap(uint32(year + _roll(die, 13))),
            bytes32(die.state),
            uint64(_roll(die, 99)),
            _deadline(die)
        );
        Act memory act = _onFigure(Verb.ANCHOR, figure, _hash(Verb.ANCHOR, abi.encode(message)));
        bytes memory signature = _reported(die, act, figure, message.deadline);
        _carry(act, abi.encodeCall(IEmissions.anchor, (message, signature)));
    }

    function report(uint256 seed) external {
        Die memory die = _die(seed);
        Figure memory figure = _pick(die, UNFINISHED | _bits(Stages.REPORTED));
        IEmissions.Report memory message = IEmissions.Report(
            figure.facility,
            figure.period,
            figure.follows,
            Carbon.wrap(uint64(_roll(die, 2 ** 40))),
            Carbon.wrap(uint64(_roll(die, 2 ** 40))),
            bytes32(die.state),
            bytes32(seed),
            _deadline(die)
        );
        Act memory act = _onFigure(Verb.REPORT, figure, _hash(Verb.REPORT, abi.encode(message)));
        bytes memory signature = _reported(die, act, figure, message.deadline);
        _carry(act, abi.encodeCall(IEmissions.report, (message, signature)));
    }

    function attest(uint256 seed) external {
        Die memory die = _die(seed);
        Figure memory figure = _pick(die, _bits(Stages.REPORTED) | _bits(Stages.ATTESTED));
        IEmissions.Statement memory message = IEmissions.Statement(
            figure.facility,
            figure.period,
            figure.follows,
            _assigned(die, figure),
            uint8(_roll(die, 8) == 0 ? Opinions.NEGATIVE : Opinions.POSITIVE),
            Carbon.wrap(uint64(_roll(die, 2 ** 32))),
            bytes32(die.state),
            _deadline(die)
        );
        Act memory act = _onFigure(Verb.ATTEST, figure, _hash(Verb.ATTEST, abi.encode(message)));
        bytes memory signature =
            _signed(die, act, message.verifier, Rights.ATTEST, message.deadline);
        if (_carry(act, abi.encodeCall(IEmissions.attest, (message, signature)))) {
            _statement[figure.key] = message;
        }
    }

    function confirm(uint256 seed) external {
        Die memory die = _die(seed);
        Figure memory figure = _pick(die, _bits(Stages.ATTESTED));
        IEmissions.Statement memory shown = _statement[figure.key];
        if (_roll(die, 20) == 0) shown.document = bytes32(die.state);
        uint64 tonnes = Carbon.unwrap(shown.verifiedGrams) / 1_000_000;
        IEmissions.Confirmation memory message = IEmissions.Confirmation(
            figure.facility,
            figure.period,
            figure.follows,
            regulator,
            members[figure.facility].owner,
            Tonnes.wrap(_roll(die, 16) == 0 ? uint64(_roll(die, 9999)) : tonnes),
            _deadline(die)
        );
        Act memory act = _onFigure(Verb.CONFIRM, figure, _hash(Verb.CONFIRM, abi.encode(message)));
        bytes memory signature = _signed(die, act, regulator, Rights.CONFIRM, message.deadline);
        if (_carry(act, abi.encodeCall(IEmissions.confirm, (shown, message, signature)))) {
            _confirmation[figure.key] = message;
        }
    }

    function reopen(uint256 seed) external {
        Die memory die = _die(seed);
        Figure memory figure = _pick(die, _bits(Stages.CONFIRMED));
        IEmissions.Confirmation memory shown = _confirmation[figure.key];
        if (_roll(die, 20) == 0) shown.tonnes = Tonnes.wrap(Tonnes.unwrap(shown.tonnes) + 1);
        IEmissions.Reopening memory message = IEmissions.Reopening(
            figure.facility,
            figure.period,
            figure.follows,
            regulator,
            bytes32(die.state),
            _deadline(die)
        );
        Act memory act = _onFigure(Verb.REOPEN, figure, _hash(Verb.REOPEN, abi.encode(message)));
        bytes memory signature = _signed(die, act, regulator, Rights.CONFIRM, message.deadline);
        _carry(act, abi.encodeCall(IEmissions.reopen, (shown, message, signature)));
    }

    function _bits(uint8 stage) private pure returns (uint256) {
        return 1 << stage;
    }

    /// Mostly a figure at one of the stages, behind its head.
    function _pick(Die memory die, uint256 stages) private view returns (Figure memory figure) {
        uint256 count = facilities.length * periods.length;
        (uint256 start, bool isAny) = (_roll(die, count), _roll(die, 12) == 0);
        for (uint256 step = 0; step < count; ++step) {
            uint256 number = (start + step) % count;
            figure.facility = facilities[number / periods.length];
            figure.period = periods[number % periods.length];
            figure.key = _figure(number);
            (, uint8 stage) = emissions.headOf(figure.facility, figure.period);
            if (isAny || stages & _bits(stage) != 0) break;
        }
        figure.follows = headOf[figure.key];
        if (_roll(die, 20) == 0) figure.follows = headOf[_figure(_roll(die, count))];
    }

    function _onFigure(Verb verb, Figure memory figure, bytes32 hash)
        private
        view
        returns (Act memory act)
    {
        act = _act(verb, address(emissions), hash);
        (act.figure, act.follows) = (figure.key, figure.follows);
        act.guard = keccak256(abi.encode(figure.key, figure.follows));
    }

    /// A signature by a key of the facility's enterprise.
    function _reported(Die memory die, Act memory act, Figure memory figure, uint48 deadline)
        private
        view
        returns (bytes memory signature)
    {
        bytes32 enterprise = members[figure.facility].owner;
        signature = _signed(die, act, enterprise, Rights.REPORT, deadline);
        if (!_stands(figure.facility, Standings.ACTIVE)) act.isAllowed = false;
    }

    /// Mostly a verifier that may judge the figure.
    function _assigned(Die memory die, Figure memory figure) private view returns (bytes32) {
        uint256 start = _roll(die, 2);
        for (uint256 step = 0; step < 2; ++step) {
            bytes32 verifier = verifiers[(start + step) % 2];
            bytes32 enterprise = members[figure.facility].owner;
            (,,, uint8 ties, uint16 revision) = identifiers.relationOf(verifier, enterprise);
            if (revision != 0 && ties == 0) return verifier;
        }
        return verifiers[start];
    }
}
