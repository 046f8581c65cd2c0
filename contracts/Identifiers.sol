// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Entries} from "./Entries.sol";
import {IIdentifiers} from "./interfaces/IIdentifiers.sol";
import {IdentifierMessages} from "./libraries/IdentifierMessages.sol";
import {Labels} from "./libraries/Labels.sol";
import {Signed} from "./Signed.sol";
import {Kinds, Rights, Schemes, Standings} from "./types/Codes.sol";

/// @title The tree of identifiers, the keys that speak for them, and what each may do
contract Identifiers is Entries {
    using IdentifierMessages for Registration;
    using IdentifierMessages for RecordChange;
    using IdentifierMessages for KeyAddition;
    using IdentifierMessages for KeyEnding;
    using IdentifierMessages for StandingChange;
    using IdentifierMessages for Accreditation;
    using IdentifierMessages for Assignment;
    using IdentifierMessages for Tie;

    uint256 private constant FOUNDERS_MIN = 3;
    // All but CUSTODIAL, which says something and allows nothing.
    uint16 private constant FOUNDER_RIGHTS = Rights.CUSTODIAL - 1;
    uint8 private constant BY_AUTHORITY = Standings.ACTIVE | Standings.HOLDS | Standings.SENDS;

    uint48 private immutable _recoveryDelaySeconds;

    /// @param label The root's, a prefix segment.
    /// @param founders The root's first keys, each a person of its own.
    /// @param recoveryDelaySeconds How long an owner's key for a participant with keys must wait.
    constructor(string memory label, address[] memory founders, uint48 recoveryDelaySeconds)
        Signed("Identifiers")
    {
        if (founders.length < FOUNDERS_MIN) revert FoundersTooFew(founders.length);
        if (!Labels.isLabel(label, true)) revert IdentifierLabelBad(label);
        _recoveryDelaySeconds = recoveryDelaySeconds;
        bytes32 root = Labels.idOf(0, true, label);
        uint8 standing = Standings.ACTIVE | Standings.PREFIX | Standings.KEYED;
        _entry[root] = EntrySlot(bytes28(root), Kinds.REGULATOR, standing, 0);
        emit Registered(0, root, 0, root, label, true, Kinds.REGULATOR, 0, address(0), 0);
        for (uint256 index = 0; index < founders.length; ++index) {
            _addFounder(root, founders[index], uint32(index + 1));
        }
    }

    /// @inheritdoc IIdentifiers
    function register(Registration calldata registration, bytes calldata signature) external {
        bytes32 hash = registration.hash();
        address key = _signer(hash, registration.deadline, signature);
        _requireRegistrar(registration.parent, key);
        bytes32 subject = _enter(registration);
        emit Registered(
            _actId(hash),
            subject,
            registration.parent,
            registration.owner,
            registration.label,
            registration.isPrefix,
            registration.kind,
            registration.record,
            key,
            registration.deadline
        );
    }

    /// @inheritdoc IIdentifiers
    function setRecord(RecordChange calldata change, bytes calldata signature) external {
        bytes32 hash = change.hash();
        address key = _signer(hash, change.deadline, signature);
        _requireKey(_speakerFor(change.subject, key), key, Rights.REGISTER);
        _requireNext(_recordRevision[change.subject], change.revision);
        _recordRevision[change.subject] = change.revision;
        emit RecordChanged(
            _actId(hash), change.subject, change.record, change.revision, key, change.deadline
        );
    }

    /// @inheritdoc IIdentifiers
    function addKey(KeyAddition calldata addition, bytes calldata proof, bytes calldata signature)
        external
    {
        bytes32 hash = addition.hash();
        address key = _signer(hash, addition.deadline, signature);
        EntrySlot storage entry = _requireStanding(addition.participant, Standings.ACTIVE);
        bool isKeyed = entry.standing & Standings.KEYED != 0;
        bool isOwn = isKeyed && _isOwn(addition, key);
        bytes32 giver = isOwn ? addition.participant : bytes32(entry.owner);
        uint16 held = _requireKey(giver, key, isOwn ? 0 : Rights.REGISTER).rights;
        uint48 effectiveFrom = _requireNew(addition);
        _requireScheme(addition, entry.kind);
        _requireProof(addition, hash, proof);
        uint16 given = addition.rights & ~Rights.CUSTODIAL;
        if (given & ~held != 0) revert KeyRightMissing(giver, key, held, given);
        if (isKeyed && !isOwn) _requireDelay(effectiveFrom, addition.validUntil);
        _keys[addition.participant][addition.addedKey] = KeySlot({
            validFrom: effectiveFrom,
            validUntil: addition.validUntil,
            compromisedSince: 0,
            person: addition.person,
            rights: addition.rights,
            scheme: addition.scheme
        });
        if (!isKeyed) entry.standing |= Standings.KEYED;
        emit KeyAdded(
            _actId(hash),
            addition.participant,
            addition.addedKey,
            addition.person,
            addition.rights,
            addition.scheme,
            addition.validFrom,
            addition.validUntil,
            effectiveFrom,
            key,
            addition.deadline
        );
    }

    /// @inheritdoc IIdentifiers
    function endKey(KeyEnding calldata ending, bytes calldata signature) external {
        bytes32 hash = ending.hash();
        address key = _signer(hash, ending.deadline, signature);
        bytes32 speaker = _speakerFor(ending.participant, key);
        _requireKey(speaker, key, speaker == ending.participant ? 0 : Rights.REGISTER);
        uint48 effectiveTime = ending.isCompromised ? _compromise(ending) : _retire(ending);
        emit KeyEnded(
            _actId(hash),
            ending.participant,
            ending.endedKey,
            ending.time,
            ending.isCompromised,
            effectiveTime,
            key,
            ending.deadline
        );
    }

    /// @inheritdoc IIdentifiers
    function setStanding(StandingChange calldata change, bytes calldata signature) external {
        bytes32 hash = change.hash();
        address key = _signer(hash, change.deadline, signature);
        _requireKey(change.authority, key, Rights.ADMIT);
        EntrySlot storage entry = _requireKnown(change.subject);
        (uint8 kind, uint8 before) = (entry.kind, entry.standing);
        _requireNext(entry.revision, change.revision);
        if (kind == Kinds.VERIFIER && change.standing & Standings.HOLDS != 0) {
            revert IdentifierKindWrong(change.subject, kind);
        }
        if (change.standing & ~BY_AUTHORITY != 0) revert StandingBad(change.standing);
        (entry.standing, entry.revision) =
            ((before & ~BY_AUTHORITY) | change.standing, change.revision);
        emit StandingChanged(
            _actId(hash),
            change.subject,
            change.authority,
            change.standing,
            change.revision,
            change.reason,
            key,
            change.deadline
        );
    }

    /// @inheritdoc IIdentifiers
    function accredit(Accreditation calldata accreditation, bytes calldata signature) external {
        bytes32 hash = accreditation.hash();
        address key = _signer(hash, accreditation.deadline, signature);
        _requireKey(accreditation.authority, key, Rights.ACCREDIT);
        _requireIdentifier(accreditation.verifier);
        _requireNext(_accreditation[accreditation.verifier].revision, accreditation.revision);
        _requireSectors(accreditation.sectors);
        _accreditation[accreditation.verifier] = AccreditationSlot({
            validFrom: accreditation.validFrom,
            validUntil: accreditation.validUntil,
            sectors: accreditation.sectors,
            revision: accreditation.revision
        });
        emit Accredited(
            _actId(hash),
            accreditation.verifier,
            accreditation.authority,
            accreditation.validFrom,
            accreditation.validUntil,
            accreditation.sectors,
            accreditation.certificate,
            accreditation.revision,
            key,
            accreditation.deadline
        );
    }

    /// @inheritdoc IIdentifiers
    function assign(Assignment calldata assignment, bytes calldata signature) external {
        bytes32 hash = assignment.hash();
        address key = _signer(hash, assignment.deadline, signature);
        _requireKey(assignment.authority, key, Rights.ACCREDIT);
        (bytes32 verifier, bytes32 enterprise) = (assignment.verifier, assignment.enterprise);
        _requireIdentifier(verifier);
        _requireIdentifier(enterprise);
        _requireNext(_relation[verifier][enterprise].revision, assignment.revision);
        if (verifier == enterprise) {
            revert VerifierNotIndependent(verifier, enterprise, assignment.ties);
        }
        _requireSectors(assignment.sectors);
        _relation[verifier][enterprise] = RelationSlot({
            firstYear: assignment.firstYear,
            lastYear: assignment.lastYear,
            sectors: assignment.sectors,
            ties: assignment.ties,
            revision: assignment.revision
        });
        emit VerifierAssigned(
            _actId(hash),
            verifier,
            enterprise,
            assignment.authority,
            assignment.firstYear,
            assignment.lastYear,
            assignment.sectors,
            assignment.ties,
            assignment.revision,
            key,
            assignment.deadline
        );
    }

    /// @inheritdoc IIdentifiers
    function declareTie(Tie calldata tie, bytes calldata signature) external {
        bytes32 hash = tie.hash();
        address key = _signer(hash, tie.deadline, signature);
        (bytes32 verifier, bytes32 enterprise) = (tie.verifier, tie.enterprise);
        bool isOneOfBoth = tie.participant == verifier || tie.participant == enterprise;
        if (!isOneOfBoth) revert KeyNotValid(tie.participant, key, 0, 0, 0);
        _requireKey(tie.participant, key, 0);
        _requireIdentifier(verifier);
        _requireIdentifier(enterprise);
        RelationSlot storage relation = _relation[verifier][enterprise];
        (uint8 before, bytes32 id) = (relation.ties, _actId(hash));
        if (tie.ties & ~before == 0 || _isDeclared[id]) {
            revert TieAlreadyDeclared(verifier, enterprise, tie.ties);
        }
        (relation.ties, _isDeclared[id]) = (before | tie.ties, true);
        emit TieDeclared(id, verifier, enterprise, tie.participant, tie.ties, key, tie.deadline);
    }

    function _addFounder(bytes32 root, address founder, uint32 person) private {
        KeySlot storage slot = _keys[root][founder];
        if (slot.validUntil != 0) revert KeyAlreadyAdded(root, founder);
        (uint48 from, uint48 until) = (_now(), type(uint48).max);
        _keys[root][founder] =
            KeySlot(from, until, 0, person, FOUNDER_RIGHTS, Schemes.SECP256K1);
        emit KeyAdded(
            0,
            root,
            founder,
            person,
            FOUNDER_RIGHTS,
            Schemes.SECP256K1,
            0,
            until,
            from,
            address(0),
            0
        );
    }

    /// Makes the entry of a new identifier.
    function _enter(Registration calldata registration) private returns (bytes32 subject) {
        string memory label = registration.label;
        if (!Labels.isLabel(label, registration.isPrefix)) revert IdentifierLabelBad(label);
        subject = Labels.idOf(registration.parent, registration.isPrefix, label);
        if (_entry[subject].kind != 0) revert IdentifierAlreadyRegistered(subject);
        uint8 kind = registration.kind;
        bool isKnown = kind >= Kinds.PARK && kind <= Kinds.PREFIX;
        bool isPrefix = kind == Kinds.PREFIX;
        if (!isKnown || isPrefix != registration.isPrefix) {
            revert IdentifierKindWrong(subject, kind);
        }
        uint8 ownerKind = _requireKnown(registration.owner).kind;
        if (!_isParticipant(ownerKind)) revert IdentifierKindWrong(registration.owner, ownerKind);
        uint8 standing = isPrefix ? Standings.ACTIVE | Standings.PREFIX : Standings.ACTIVE;
        _entry[subject] = EntrySlot(bytes28(registration.owner), kind, standing, 0);
    }

    function _retire(KeyEnding calldata ending) private returns (uint48 time) {
        KeySlot storage slot = _requireAdded(ending);
        time = ending.time == 0 ? _now() : ending.time;
        uint48 until = slot.validUntil;
        if (time < _now() || time >= until) revert IntervalBad(time, until);
        slot.validUntil = time;
    }

    function _compromise(KeyEnding calldata ending) private returns (uint48 time) {
        KeySlot storage slot = _requireAdded(ending);
        time = ending.time;
        uint48 before = slot.compromisedSince;
        bool isEarlier = before == 0 || time < before;
        if (time == 0 || time > _now() || !isEarlier) revert IntervalBad(time, slot.validUntil);
        slot.compromisedSince = time;
    }

    function _requireRegistrar(bytes32 parent, address key) private view {
        EntrySlot storage entry = _requireStanding(parent, Standings.ACTIVE | Standings.PREFIX);
        bytes32 registrar = _isParticipant(entry.kind) ? parent : bytes32(entry.owner);
        _requireKey(registrar, key, Rights.REGISTER);
    }

    /// For whom a key speaks about a subject: for the subject if it is one of its keys, else for
    /// the owner.
    function _speakerFor(bytes32 subject, address key) private view returns (bytes32) {
        EntrySlot storage entry = _requireKnown(subject);
        return _keys[subject][key].validUntil != 0 ? subject : bytes32(entry.owner);
    }

    /// Whether the key is one of the same person.
    function _isOwn(KeyAddition calldata addition, address key) private view returns (bool) {
        KeySlot storage slot = _keys[addition.participant][key];
        return slot.validUntil != 0 && slot.person == addition.person;
    }

    function _requireAdded(KeyEnding calldata ending) private view returns (KeySlot storage slot) {
        slot = _keys[ending.participant][ending.endedKey];
        if (slot.validUntil == 0) {
            revert KeyNotValid(ending.participant, ending.endedKey, 0, 0, 0);
        }
    }

    /// The time from which a key that was never added is valid.
    function _requireNew(KeyAddition calldata addition) private view returns (uint48 from) {
        from = addition.validFrom == 0 ? _now() : addition.validFrom;
        if (from < _now() || addition.validUntil <= from) {
            revert IntervalBad(from, addition.validUntil);
        }
        if (_keys[addition.participant][addition.addedKey].validUntil != 0) {
            revert KeyAlreadyAdded(addition.participant, addition.addedKey);
        }
    }

    /// Only the keys of participants sign, so others have none but recorded ones.
    function _requireScheme(KeyAddition calldata addition, uint8 kind) private pure {
        if (addition.scheme != Schemes.OTHER_CURVE && !_isParticipant(kind)) {
            revert IdentifierKindWrong(addition.participant, kind);
        }
    }

    /// The new key's consent. A contract acts for itself, and no other curve can be checked here.
    function _requireProof(KeyAddition calldata addition, bytes32 hash, bytes calldata proof)
        private
        view
    {
        address added = addition.addedKey;
        uint8 scheme = addition.scheme;
        if (scheme == Schemes.OTHER_CURVE) return;
        if (scheme == Schemes.CONTRACT && added.code.length > 0) return;
        address recovered = scheme == Schemes.SECP256K1 ? _recover(hash, proof) : address(0);
        if (recovered != added || scheme != Schemes.SECP256K1) {
            revert KeyProofWrong(added, recovered);
        }
    }

    /// An owner's addition waits where a participant has keys, so that it can be seen and ended.
    function _requireDelay(uint48 from, uint48 until) private view {
        if (from < block.timestamp + _recoveryDelaySeconds) revert IntervalBad(from, until);
    }
}
