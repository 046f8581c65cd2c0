// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IEmissions} from "../../interfaces/IEmissions.sol";
import {IIdentifiers} from "../../interfaces/IIdentifiers.sol";
import {Labels} from "../../libraries/Labels.sol";
import {Asset} from "../../types/Asset.sol";
import {Period, Year} from "../../types/Calendar.sol";
import {Kinds, Rights, Schemes, Standings} from "../../types/Codes.sol";
import {Acts, Verb} from "./Acts.sol";
import {IMovableQuotas} from "./IMovableQuotas.sol";
import {VM} from "./Vm.sol";

/// @title A small park, and what it should be: who exists, which keys speak, all known from outside
abstract contract Park {
    struct Member {
        bytes32 owner; // identifier
        uint8 kind; // of Kinds; 0: not there
        uint8 standing; // bits of Standings
    }

    struct Key {
        bytes32 participant; // identifier
        address key;
        uint256 secret; // 0: a contract's
        uint32 person;
        uint16 rights; // bits of Rights
        uint48 from; // seconds
        uint48 until; // seconds, exclusive
        bool isCompromised;
    }

    uint48 internal constant DELAY = 1 days;
    uint48 internal constant FOREVER = type(uint48).max;
    uint16 internal constant ANY = 0;
    bytes32 private constant DOMAIN = keccak256(
        "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
    );

    IIdentifiers internal identifiers;
    IEmissions internal emissions;
    IMovableQuotas internal quotas;

    bytes32 internal root;
    bytes32 internal regulator;
    bytes32 internal park;
    bytes32 internal auditor; // a module whose key is this contract
    bytes32[] internal verifiers;
    bytes32[] internal enterprises;
    bytes32[] internal accounts;
    bytes32[] internal prefixes;
    bytes32[] internal facilities;
    bytes32[] internal subjects; // whose standing and records change
    Period[] internal periods;
    Asset[] internal assets;

    Key[] internal keys;
    mapping(bytes32 id => Member member) internal members;
    mapping(bytes32 participant => mapping(address key => uint256 number)) internal keyNumber;
    uint256 internal firstAdded; // number of the first key that the fuzzer added
    uint256 private _secrets;

    /// Not a constructor, since a contract becomes a key only once it has code.
    function open() external {
        VM.warp(1_700_000_000);
        _deploy();
        _people();
        _tree();
        _admit();
        firstAdded = keys.length + 1;
        for (uint256 index = 0; index < 3; ++index) {
            periods.push(Period.wrap([202300, 202306, 202400][index]));
            assets.push(Asset.wrap((uint64(index + 1) << 56) | (uint64(2023) << 40)));
        }
    }

    function _deploy() private {
        address[] memory founders = new address[](3);
        uint256[] memory secrets = new uint256[](3);
        for (uint256 index = 0; index < 3; ++index) {
            secrets[index] = _newSecret();
            founders[index] = VM.addr(secrets[index]);
        }
        identifiers = IIdentifiers(
            VM.deployCode("Identifiers.sol:Identifiers", abi.encode("88", founders, DELAY))
        );
        quotas = IMovableQuotas(
            VM.deployCode("MovableQuotas.sol:MovableQuotas", abi.encode(identifiers))
        );
        root = Labels.idOf(0, true, "88");
        bytes32 module = Labels.idOf(root, false, "EMISSIONS");
        emissions = IEmissions(
            VM.deployCode("Emissions.sol:Emissions", abi.encode(identifiers, quotas, module))
        );
        uint8 standing = Standings.ACTIVE | Standings.PREFIX | Standings.KEYED;
        members[root] = Member(root, Kinds.REGULATOR, standing);
        for (uint32 index = 0; index < 3; ++index) {
            _rememberKey(
                Key(
                    root,
                    founders[index],
                    secrets[index],
                    index + 1,
                    Rights.CUSTODIAL - 1,
                    uint48(block.timestamp),
                    FOREVER,
                    false
                )
            );
        }
    }

    function _people() private {
        regulator = _found(root, "REG", Kinds.REGULATOR, root);
        uint16 admits = Rights.ACCREDIT | Rights.CONFIRM | Rights.ADMIT;
        _introduce(regulator, 1, admits | Rights.FREEZE, 0);
        _introduce(regulator, 2, Rights.ISSUE | Rights.RELEASE, uint48(block.timestamp) + DELAY);
        VM.warp(block.timestamp + DELAY);
        park = _found(root, "PARK", Kinds.PARK, root);
        _introduce(park, 1, Rights.REGISTER | Rights.REPORT | Rights.MOVE, 0);
        for (uint256 index = 0; index < 2; ++index) {
            bytes32 verifier = _found(root, index == 0 ? "VER.1" : "VER.2", Kinds.VERIFIER, root);
            _introduce(verifier, 1, Rights.ATTEST, 0);
            verifiers.push(verifier);
        }
        _addContract(_found(root, "EMISSIONS", Kinds.MODULE, root), address(emissions));
        auditor = _found(root, "AUDITOR", Kinds.MODULE, root);
        _addContract(auditor, address(this));
    }

    function _tree() private {
        bytes32 prefix = _found(root, "111", Kinds.PREFIX, park);
        prefixes.push(prefix);
        for (uint256 index = 0; index < 2; ++index) {
            string memory label = index == 0 ? "1" : "2";
            bytes32 enterprise = _found(prefix, label, Kinds.ENTERPRISE, park);
            _introduce(enterprise, 1, Rights.REGISTER | Rights.REPORT | Rights.MOVE, 0);
            bytes32 own = _found(prefix, label, Kinds.PREFIX, enterprise);
            bytes32 facility = _found(own, "FAC", Kinds.FACILITY, enterprise);
            enterprises.push(enterprise);
            accounts.push(enterprise);
            prefixes.push(own);
            facilities.push(facility);
            subjects.push(enterprise);
            subjects.push(own);
            subjects.push(facility);
        }
        accounts.push(park);
        subjects.push(park);
        subjects.push(verifiers[0]);
        subjects.push(verifiers[1]);
    }

    /// Accounts are open and verifiers assigned, so that most acts of the first minute can work.
    function _admit() private {
        address to = address(identifiers);
        uint256 secret = keys[_keyWith(regulator, Rights.ADMIT | Rights.ACCREDIT, 0) - 1].secret;
        for (uint256 index = 0; index < accounts.length; ++index) {
            IIdentifiers.StandingChange memory change =
                IIdentifiers.StandingChange(regulator, accounts[index], 7, 1, 0, FOREVER);
            bytes32 hash = _hash(Verb.SET_STANDING, abi.encode(change));
            identifiers.setStanding(change, _sign(secret, to, hash));
            members[accounts[index]].standing |= 7;
        }
        for (uint256 index = 0; index < verifiers.length; ++index) {
            bytes32 verifier = verifiers[index];
            IIdentifiers.Accreditation memory accreditation =
                IIdentifiers.Accreditation(regulator, verifier, 0, FOREVER, 7, 0, 1, FOREVER);
            bytes32 hash = _hash(Verb.ACCREDIT, abi.encode(accreditation));
            identifiers.accredit(accreditation, _sign(secret, to, hash));
        }
        for (uint256 index = 0; index < 4; ++index) {
            IIdentifiers.Assignment memory assignment = IIdentifiers.Assignment(
                regulator,
                verifiers[index / 2],
                enterprises[index % 2],
                Year.wrap(2020),
                Year.wrap(2030),
                1,
                0,
                1,
                FOREVER
            );
            bytes32 hash = _hash(Verb.ASSIGN, abi.encode(assignment));
            identifiers.assign(assignment, _sign(secret, to, hash));
        }
    }

    /// Registers by the first key that may.
    function _found(bytes32 parent, string memory label, uint8 kind, bytes32 owner)
        private
        returns (bytes32 id)
    {
        bool isPrefix = kind == Kinds.PREFIX;
        IIdentifiers.Registration memory message =
            IIdentifiers.Registration(parent, label, isPrefix, kind, owner, 0, FOREVER);
        bytes32 hash = _registrationHash(message);
        uint256 secret = keys[_keyWith(_registrarOf(parent), Rights.REGISTER, 0) - 1].secret;
        identifiers.register(message, _sign(secret, address(identifiers), hash));
        id = Labels.idOf(parent, isPrefix, label);
        members[id] = Member(owner, kind, _firstStanding(kind));
    }

    /// Adds a person's key by the owner's first key that may.
    function _introduce(bytes32 participant, uint32 person, uint16 rights, uint48 from) private {
        uint256 secret = _newSecret();
        _add(Key(participant, VM.addr(secret), secret, person, rights, from, FOREVER, false));
    }

    function _addContract(bytes32 participant, address added) private {
        _add(Key(participant, added, 0, 1, Rights.OBLIGE, 0, FOREVER, false));
    }

    function _add(Key memory added) private {
        IIdentifiers.KeyAddition memory message = IIdentifiers.KeyAddition(
            added.participant,
            added.key,
            added.person,
            added.rights,
            added.secret == 0 ? Schemes.CONTRACT : Schemes.SECP256K1,
            added.from,
            FOREVER,
            FOREVER
        );
        bytes32 hash = _hash(Verb.ADD_KEY, abi.encode(message));
        address to = address(identifiers);
        bytes32 owner = members[added.participant].owner;
        uint256 secret = keys[_keyWith(owner, Rights.REGISTER, 0) - 1].secret;
        bytes memory proof = added.secret == 0 ? bytes("") : _sign(added.secret, to, hash);
        identifiers.addKey(message, proof, _sign(secret, to, hash));
        if (added.from == 0) added.from = uint48(block.timestamp);
        _rememberKey(added);
    }

    function _rememberKey(Key memory added) internal {
        keys.push(added);
        keyNumber[added.participant][added.key] = keys.length;
        members[added.participant].standing |= Standings.KEYED;
    }

    function _newSecret() internal returns (uint256) {
        return uint256(keccak256(abi.encode("secret", ++_secrets)));
    }

    function _firstStanding(uint8 kind) internal pure returns (uint8) {
        return kind == Kinds.PREFIX ? Standings.ACTIVE | Standings.PREFIX : Standings.ACTIVE;
    }

    function _isParticipant(uint8 kind) internal pure returns (bool) {
        return (kind >= Kinds.PARK && kind <= Kinds.MODULE) || kind == Kinds.SERVICE;
    }

    function _registrarOf(bytes32 parent) internal view returns (bytes32) {
        Member storage member = members[parent];
        return _isParticipant(member.kind) ? parent : member.owner;
    }

    /// The number of a key that may act now, the first from a place on; 0 if there is none.
    function _keyWith(bytes32 participant, uint16 right, uint256 start)
        internal
        view
        returns (uint256)
    {
        for (uint256 step = 0; step < keys.length; ++step) {
            uint256 index = (start + step) % keys.length;
            Key storage key = keys[index];
            if (key.participant == participant && _mayAct(participant, key.key, right)) {
                return index + 1;
            }
        }
        return 0;
    }

    /// Whether a key may act for a participant now: the law, told without the contracts.
    function _mayAct(bytes32 participant, address key, uint16 right) internal view returns (bool) {
        uint256 number = keyNumber[participant][key];
        if (number == 0 || !_stands(participant, Standings.ACTIVE)) return false;
        Key storage slot = keys[number - 1];
        bool isInTime = slot.from <= block.timestamp && block.timestamp < slot.until;
        return isInTime && !slot.isCompromised && slot.rights & right == right;
    }

    function _stands(bytes32 id, uint8 wanted) internal view returns (bool) {
        return members[id].kind != 0 && members[id].standing & wanted == wanted;
    }

    /// The EIP-712 hash of a message whose fields are single words.
    function _hash(Verb verb, bytes memory words) internal pure returns (bytes32) {
        bytes32 types = keccak256(bytes(Acts.form(verb).types));
        return keccak256(abi.encodePacked(types, words));
    }

    function _registrationHash(IIdentifiers.Registration memory message)
        internal
        pure
        returns (bytes32)
    {
        return _hash(
            Verb.REGISTER,
            abi.encode(
                message.parent,
                keccak256(bytes(message.label)),
                message.isPrefix,
                message.kind,
                message.owner,
                message.record,
                message.deadline
            )
        );
    }

    function _sign(uint256 secret, address to, bytes32 hash) internal view returns (bytes memory) {
        string memory name = to == address(identifiers)
            ? "Identifiers"
            : to == address(quotas) ? "Quotas" : "Emissions";
        bytes32 domain = keccak256(
            abi.encode(DOMAIN, keccak256(bytes(name)), keccak256("1"), block.chainid, to)
        );
        (uint8 v, bytes32 r, bytes32 s) =
            VM.sign(secret, keccak256(abi.encodePacked(hex"1901", domain, hash)));
        return abi.encodePacked(r, s, v);
    }
}
