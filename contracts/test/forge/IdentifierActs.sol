// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IIdentifiers} from "../../interfaces/IIdentifiers.sol";
import {Labels} from "../../libraries/Labels.sol";
import {Year} from "../../types/Calendar.sol";
import {Kinds, Rights, Schemes, Standings} from "../../types/Codes.sol";
import {Verb} from "./Acts.sol";
import {VM} from "./Vm.sol";
import {Watch} from "./Watch.sol";

/// @title Random acts on who is who: most are what the law allows, some are not
abstract contract IdentifierActs is Watch {
    uint256 private constant FIRST_SUBJECTS = 9;

    mapping(bytes32 subject => uint16 revision) private _recordRevision;
    uint256 private _labels;

    function register(uint256 seed) external {
        Die memory die = _die(seed);
        bytes32 parent = _roll(die, 8) == 0 ? subjects[0] : prefixes[_roll(die, prefixes.length)];
        uint8 kind = _roll(die, 8) == 0 ? uint8(_roll(die, 13)) : Kinds.METER;
        if (_roll(die, 8) != 0) ++_labels;
        IIdentifiers.Registration memory message = IIdentifiers.Registration(
            parent,
            string.concat("MTR.", VM.toString(_labels)),
            kind == Kinds.PREFIX,
            kind,
            members[parent].owner,
            bytes32(die.state),
            _deadline(die)
        );
        bytes32 registrar = _registrarOf(parent);
        Act memory act = _act(Verb.REGISTER, address(identifiers), _registrationHash(message));
        bytes memory signature = _signed(die, act, registrar, Rights.REGISTER, message.deadline);
        bool isOpen = _stands(parent, Standings.ACTIVE | Standings.PREFIX);
        act.isAllowed = act.isAllowed && isOpen;
        if (!_carry(act, abi.encodeCall(IIdentifiers.register, (message, signature)))) return;
        bytes32 id = Labels.idOf(parent, message.isPrefix, message.label);
        members[id] = Member(message.owner, kind, _firstStanding(kind));
        subjects.push(id);
    }

    function setRecord(uint256 seed) external {
        Die memory die = _die(seed);
        bytes32 subject = subjects[_roll(die, subjects.length)];
        uint16 revision = _next(die, _recordRevision[subject]);
        IIdentifiers.RecordChange memory message = IIdentifiers.RecordChange(
            subject, bytes32(die.state), revision, _deadline(die)
        );
        bytes32 hash = _hash(Verb.SET_RECORD, abi.encode(message));
        Act memory act = _act(Verb.SET_RECORD, address(identifiers), hash);
        act.guard = keccak256(abi.encode(Verb.SET_RECORD, subject, revision));
        bytes memory signature = _speak(die, act, subject, Rights.REGISTER, message.deadline);
        if (_carry(act, abi.encodeCall(IIdentifiers.setRecord, (message, signature)))) {
            _recordRevision[subject] = revision;
        }
    }

    function addKey(uint256 seed) external {
        Die memory die = _die(seed);
        Key memory added = _newKey(die);
        IIdentifiers.KeyAddition memory message = IIdentifiers.KeyAddition(
            added.participant,
            added.key,
            added.person,
            added.rights,
            Schemes.SECP256K1,
            added.from,
            added.until,
            _deadline(die)
        );
        bytes32 hash = _hash(Verb.ADD_KEY, abi.encode(message));
        Act memory act = _act(Verb.ADD_KEY, address(identifiers), hash);
        uint256 prover = _roll(die, 12) == 0 ? added.secret + 1 : added.secret;
        bytes memory proof = _sign(prover, address(identifiers), hash);
        bytes memory signature = _give(die, act, added, message.deadline);
        if (prover != added.secret) act.isAllowed = false;
        bytes memory data = abi.encodeCall(IIdentifiers.addKey, (message, proof, signature));
        if (!_carry(act, data)) return;
        if (added.from == 0) added.from = uint48(block.timestamp);
        _rememberKey(added);
    }

    function endKey(uint256 seed) external {
        Die memory die = _die(seed);
        uint256 added = keys.length + 1 - firstAdded;
        uint256 number = added == 0 ? 0 : firstAdded + _roll(die, added);
        Key memory ended = number == 0 ? keys[0] : keys[number - 1];
        if (number == 0) ended.key = address(1);
        bool isCompromised = _roll(die, 2) == 0;
        uint48 time = uint48(isCompromised ? block.timestamp - _roll(die, 9999) : _roll(die, 2));
        if (!isCompromised && time != 0) time = uint48(block.timestamp + _roll(die, 9999));
        IIdentifiers.KeyEnding memory message = IIdentifiers.KeyEnding(
            ended.participant, ended.key, time, isCompromised, _deadline(die)
        );
        Act memory act =
            _act(Verb.END_KEY, address(identifiers), _hash(Verb.END_KEY, abi.encode(message)));
        bytes memory signature = _speak(die, act, ended.participant, ANY, message.deadline);
        if (!_carry(act, abi.encodeCall(IIdentifiers.endKey, (message, signature)))) return;
        if (number == 0) return;
        if (isCompromised) keys[number - 1].isCompromised = true;
        else keys[number - 1].until = time == 0 ? uint48(block.timestamp) : time;
    }

    function setStanding(uint256 seed) external {
        Die memory die = _die(seed);
        // Those who act more often than what only was registered.
        uint256 among = _roll(die, 4) == 0 ? subjects.length : FIRST_SUBJECTS;
        bytes32 subject = subjects[_roll(die, among)];
        bool isVerifier = members[subject].kind == Kinds.VERIFIER;
        uint8 standing = isVerifier ? 5 : 7;
        if (_roll(die, 6) == 0) standing = uint8(_roll(die, 9));
        (,,, uint16 current) = identifiers.entryOf(subject);
        uint16 revision = _next(die, current);
        IIdentifiers.StandingChange memory message = IIdentifiers.StandingChange(
            regulator, subject, standing, revision, bytes32(die.state), _deadline(die)
        );
        bytes32 hash = _hash(Verb.SET_STANDING, abi.encode(message));
        Act memory act = _act(Verb.SET_STANDING, address(identifiers), hash);
        act.guard = keccak256(abi.encode(Verb.SET_STANDING, subject, revision));
        bytes memory signature = _signed(die, act, regulator, Rights.ADMIT, message.deadline);
        bytes memory data = abi.encodeCall(IIdentifiers.setStanding, (message, signature));
        if (!_carry(act, data)) return;
        members[subject].standing = (members[subject].standing & ~uint8(7)) | standing;
    }

    function accredit(uint256 seed) external {
        Die memory die = _die(seed);
        bytes32 verifier = verifiers[_roll(die, verifiers.length)];
        (,,, uint16 current) = identifiers.accreditationOf(verifier);
        uint16 revision = _next(die, current);
        uint48 until = _roll(die, 8) == 0 ? uint48(block.timestamp) : FOREVER;
        IIdentifiers.Accreditation memory message = IIdentifiers.Accreditation(
            regulator, verifier, 0, until, 7, bytes32(die.state), revision, _deadline(die)
        );
        bytes32 hash = _hash(Verb.ACCREDIT, abi.encode(message));
        Act memory act = _act(Verb.ACCREDIT, address(identifiers), hash);
        act.guard = keccak256(abi.encode(Verb.ACCREDIT, verifier, revision));
        bytes memory signature = _signed(die, act, regulator, Rights.ACCREDIT, message.deadline);
        _carry(act, abi.encodeCall(IIdentifiers.accredit, (message, signature)));
    }

    function assign(uint256 seed) external {
        Die memory die = _die(seed);
        (bytes32 verifier, bytes32 enterprise) = _relation(die);
        (,,,, uint16 current) = identifiers.relationOf(verifier, enterprise);
        uint16 revision = _next(die, current);
        uint8 ties = _roll(die, 8) == 0 ? 1 : 0;
        IIdentifiers.Assignment memory message = IIdentifiers.Assignment(
            regulator,
            verifier,
            enterprise,
            Year.wrap(2020),
            Year.wrap(uint16(2023 + _roll(die, 9))),
            1,
            ties,
            revision,
            _deadline(die)
        );
        bytes32 hash = _hash(Verb.ASSIGN, abi.encode(message));
        Act memory act = _act(Verb.ASSIGN, address(identifiers), hash);
        act.guard = keccak256(abi.encode(Verb.ASSIGN, verifier, enterprise, revision));
        bytes memory signature = _signed(die, act, regulator, Rights.ACCREDIT, message.deadline);
        _carry(act, abi.encodeCall(IIdentifiers.assign, (message, signature)));
    }

    function declareTie(uint256 seed) external {
        Die memory die = _die(seed);
        (bytes32 verifier, bytes32 enterprise) = _relation(die);
        bytes32 participant = _roll(die, 2) == 0 ? verifier : enterprise;
        // A stranger to both, whose declaration counts for nothing.
        if (_roll(die, 3) == 0) participant = park;
        IIdentifiers.Tie memory message = IIdentifiers.Tie(
            participant, verifier, enterprise, uint8(1 << _roll(die, 8)), _deadline(die)
        );
        bytes32 hash = _hash(Verb.DECLARE_TIE, abi.encode(message));
        Act memory act = _act(Verb.DECLARE_TIE, address(identifiers), hash);
        bytes memory signature = _signed(die, act, participant, ANY, message.deadline);
        if (participant == park) act.isAllowed = false;
        _carry(act, abi.encodeCall(IIdentifiers.declareTie, (message, signature)));
    }

    /// Some time goes by, so that keys begin and end.
    function pass(uint256 seed) external {
        VM.warp(block.timestamp + _roll(_die(seed), 12 hours));
    }

    function _act(Verb verb, address to, bytes32 hash) internal pure returns (Act memory act) {
        (act.verb, act.to, act.hash) = (verb, to, hash);
    }

    /// Mostly the next one.
    function _next(Die memory die, uint16 current) internal pure returns (uint16) {
        return uint16(current + (_roll(die, 8) == 0 ? _roll(die, 4) : 1));
    }

    /// Rarely in the past.
    function _deadline(Die memory die) internal view returns (uint48) {
        bool isPast = _roll(die, 24) == 0;
        return uint48(isPast ? block.timestamp - 1 : block.timestamp + _roll(die, 30 days));
    }

    /// A signature by a key that may, if there is one; sometimes by any, or for another contract.
    function _signed(
        Die memory die,
        Act memory act,
        bytes32 participant,
        uint16 right,
        uint48 deadline
    ) internal view returns (bytes memory) {
        Key memory key = _keyFor(die, participant, right);
        (act.key, act.isAllowed) = (key.key, _mayAct(participant, key.key, right));
        if (deadline < block.timestamp) act.isAllowed = false;
        return _signature(die, act, key);
    }

    function _keyFor(Die memory die, bytes32 participant, uint16 right)
        private
        view
        returns (Key memory)
    {
        uint256 number = _keyWith(participant, right, _roll(die, keys.length));
        bool isAny = number == 0 || _roll(die, 7) == 0;
        return keys[isAny ? _roll(die, keys.length) : number - 1];
    }

    function _signature(Die memory die, Act memory act, Key memory key)
        private
        view
        returns (bytes memory)
    {
        // A contract cannot sign, so something else signs in its name.
        if (key.secret == 0) act.isAllowed = false;
        address to = act.to;
        if (_roll(die, 24) == 0) {
            to = act.to == address(quotas) ? address(emissions) : address(quotas);
            act.isAllowed = false;
        }
        return _sign(key.secret == 0 ? 1 : key.secret, to, act.hash);
    }

    /// A signature about a subject, by one of its own keys or by the owner's with REGISTER.
    function _speak(
        Die memory die,
        Act memory act,
        bytes32 subject,
        uint16 ownRight,
        uint48 deadline
    ) private view returns (bytes memory) {
        bytes32 owner = members[subject].owner;
        bool isOwner = _keyWith(subject, ownRight, 0) == 0 || _roll(die, 4) == 0;
        Key memory key = isOwner
            ? _keyFor(die, owner, Rights.REGISTER)
            : _keyFor(die, subject, ownRight);
        act.key = key.key;
        act.isAllowed = keyNumber[subject][key.key] != 0
            ? _mayAct(subject, key.key, ownRight)
            : _mayAct(owner, key.key, Rights.REGISTER);
        if (deadline < block.timestamp) act.isAllowed = false;
        return _signature(die, act, key);
    }

    /// A new key for a person that is there, or for a new one that the owner introduces.
    function _newKey(Die memory die) private returns (Key memory added) {
        bytes32[3] memory participants = [enterprises[0], enterprises[1], park];
        bytes32 participant = participants[_roll(die, 3)];
        (added.participant, added.secret) = (participant, _newSecret());
        added.key = VM.addr(added.secret);
        added.person = _roll(die, 3) == 0 ? uint32(2 + _roll(die, 3)) : 1;
        added.rights = _roll(die, 8) == 0 ? uint16(_roll(die, 4096)) : Rights.MOVE;
        if (added.person != 1) added.from = uint48(block.timestamp + DELAY);
        if (_roll(die, 8) == 0) added.from = uint48(block.timestamp + _roll(die, 2 days));
        added.until = uint48(block.timestamp + 2 days + _roll(die, 30 days));
    }

    /// A signature under a key's addition by the person itself, else by the owner.
    function _give(Die memory die, Act memory act, Key memory added, uint48 deadline)
        private
        view
        returns (bytes memory)
    {
        bytes32 owner = members[added.participant].owner;
        Key memory key = added.person == 1
            ? _keyFor(die, added.participant, added.rights)
            : _keyFor(die, owner, Rights.REGISTER);
        act.key = key.key;
        uint256 number = keyNumber[added.participant][key.key];
        bool isOwn = number != 0 && keys[number - 1].person == added.person;
        act.isAllowed = isOwn
            ? _mayAct(added.participant, key.key, added.rights)
            : _mayAct(owner, key.key, Rights.REGISTER | added.rights);
        bool isDelayed = isOwn || added.from >= block.timestamp + DELAY;
        bool isOpen = _stands(added.participant, Standings.ACTIVE) && isDelayed;
        if (deadline < block.timestamp || !isOpen) act.isAllowed = false;
        return _signature(die, act, key);
    }

    function _relation(Die memory die) private view returns (bytes32, bytes32) {
        bytes32 verifier = verifiers[_roll(die, verifiers.length)];
        return (verifier, enterprises[_roll(die, enterprises.length)]);
    }
}
