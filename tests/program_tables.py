"""The templates of which random programs are made (`programs`), by kind."""

from __future__ import annotations

LEAVES = {
    "v": "1.0 ; 2.0 ; (-1.0) ; 0.5 ; 3 ; {a}[0] ; {a}[-1]",
    "n": "0 ; 1 ; 2 ; (-1) ; np.argmax({a})",
    "c": "({v} < {v}) ; ({v} > {v}) ; ({n} == {n})",
    "a": "np.ones(3)",
    "i": "np.arange(3) ; np.array([2, 0, 0])",
    "b": "({a} > {v})",
    "z": "({a} + 1j)",
    "m": "np.eye(3) ; np.outer({a}, {a})",
    "w": "{a}[1:]",
}

EXPRESSIONS = {
    "v": """
        ({v} + {v}) ; ({v} - {v}) ; ({v} * {v}) ; ({v} if {c} else {v}) ; abs({v}) ; (-{v}) ; ({v} / 2) ;
        min({v}, {v}) ; max({v}, {v}, {v}) ; ({v} // 2) ; ({v} % 2) ; float({v}) ; np.floor({v}) ; sum({a}) ;
        {a}.sum() ; {a}.max() ; np.min({a}) ; np.median({a}) ; {w}.sum() ; {w}.max() ; ({w}.size * {v}) ;
        {a}[{n} % 3] ; {a}[{b}].sum() ; np.where({b}, {a}, {v}).sum() ; {m}[{n} % 3, {n} % 3] ; {m}.sum() ;
        {m}[{i} % 3, {i} % 3].sum() ; {m}[{b}].sum() ; np.trace({m}) ; np.take({a}, {n} % 3) ; {z}.real.max() ;
        np.dot(np.sign({a}), np.sign({a})) ; {a}.tolist()[{n} % 3] ; {a}[{n} % 3].item() ; ({n} * {v}) ; {a}[{n}] ;
        [{v}, {v}, {v}][{n} % 3] ; {'p': {v}, 'q': {v}}['p' if {c} else 'q'] ; max({a}, key=lambda e: -e) ;
        sorted([{v}, {v}, {v}])[1] ; sum(e for e in {a} if e > {v}) ; {F}({v}, {a}) ; np.where({c}, {v}, {v}) ;
        np.sum({a}, where={b}) ; np.max({a}, initial=0.0) ; np.add.reduce({a}) ; np.ptp({a}) ; ({v} ** 2)
    """,
    "n": """
        ({n} + {n}) ; ({n} - {n}) ; ({n} * {n}) ; ({n} // 2) ; ({n} % 3) ; ({n} & 3) ; ({n} ^ {n}) ; ({n} >> 1) ;
        np.argmax({a}) ; np.argmin({w}) ; np.count_nonzero({b}) ; {b}.sum() ; len({w}) ; int({v}) ; (~{n}) ;
        {i}[{n} % 3] ; {i}.sum() ; {i}.max() ; round({v}) ; divmod({n}, 2)[1] ; np.searchsorted(np.sort({a}), {v}) ;
        len({a}[{b}]) ; len(np.unique({a})) ; np.nonzero({b})[0].sum() ; ({n} if {c} else {n}) ; bool({n})
    """,
    "c": """
        ({v} < {v}) ; ({v} >= {v}) ; ({v} == {v}) ; ({v} != {v}) ; ({v} < {v} < {v}) ; {b}.any() ; {n} ; {b}.all() ;
        ({c} and {c}) ; ({c} or {c}) ; (not {c}) ; {b}[{n} % 3] ; ({v} in {a}) ; np.any({a} > {v})
    """,
    "a": """
        ({a} + {a}) ; ({a} - {v}) ; ({a} * {a}) ; ({v} * {a}) ; (-{a}) ; abs({a}) ; ({a} // 2) ;
        ({a} if {c} else {a}) ; np.where({b}, {a}, {v}) ; np.where({b}, {a}, {a}) ; np.take({a}, {i} % 3) ;
        {a}[{i} % 3] ; {a}[[2, 0, 1]] ; np.sort({a}) ; {a}[::-1] ; np.cumsum({a}) ; np.clip({a}, -2, {v}) ;
        np.roll({a}, {n}) ; np.maximum({a}, {v}) ; np.concatenate([{a}[1:], {a}[:1]]) ; np.stack([{a}, {a}])[{n} % 2] ;
        np.append({a}[:2], {v}) ; {a}.copy() ; np.array([{v}, {v}, {v}]) ; np.array([e * 2 for e in {a}]) ;
        np.full(3, {v}) ; np.zeros_like({a}) ; {m}[{n} % 3] ; {m}[:, {n} % 3] ; {m}.T[1] ; {m}.reshape(-1)[3:6] ;
        {m}.sum(axis=0) ; {m}.max(axis=1) ; np.diag({m}) ; np.sign({m}) @ np.sign({a}) ; {z}.real ; {z}.imag ;
        ({i} * 0.5) ; ({b} * {v}) ; {m}.ravel()[:3] ; np.minimum.accumulate({a}) ; np.diff({a}, prepend={v}) ;
        np.select([{b}, {b}], [{a}, {a}], {v}) ; ({a} ** 2) ; {a}[np.argsort({a}, kind='stable')] ;
        np.take_along_axis({a}, {i} % 3, 0) ; np.pad({a}[1:], (1, 0)) ; np.add({a}, {a}, where={b}, out=np.zeros(3)) ;
        {m}[{i} % 3, [0, 1, 2]] ; np.tile({v}, 3) ; np.asarray({a}) ; np.einsum('ii->i', {m}) ; np.squeeze({a}[None]) ;
        np.insert({a}[1:], 1, {v}) ; np.vstack([{a}, {a}]).max(0)
    """,
    "i": """
        ({i} + {n}) ; ({i} * {i}) ; ({i} - {i}) ; ({i} // 2) ; ({i} % 3) ; np.argsort({a}, kind='stable') ; {i}[::-1] ;
        np.where({b}, {i}, {n}) ; {b}.astype(int) ; np.cumsum({i}) ; np.searchsorted(np.sort({a}), {a}) ;
        {i}[{i} % 3] ; np.clip({a}, -9, 9).astype(int) ; np.bincount({i} % 3, minlength=3) ; ({i} ^ {n}) ;
        np.arange({n} & 3, 8)[:3]
    """,
    "b": """
        ({a} > {v}) ; ({a} <= {a}) ; ({a} == {v}) ; (~{b}) ; ({b} & {b}) ; ({b} ^ {c}) ; ({i} > {n}) ; {b}[::-1] ;
        np.logical_or({b}, {c}) ; np.array([{c}, True, {c}]) ; np.isin({i}, [0, 2]) ; ({z} == {a}) ; ({m} > {v})[1]
    """,
    "z": """
        ({a} + 1j * {a}) ; ({z} * {z}) ; {z}.conj() ; {z}[::-1] ; ({z} + {v}) ; np.where({b}, {z}, {v})
    """,
    "m": """
        ({m} + {m}) ; ({m} * {a}) ; {m}.T ; np.outer({a}, {a}) ; np.stack([{a}, {a}, {a}], axis={n} & 1) ; {m}[::-1] ;
        {m}[{i} % 3] ; {m}[:, {i} % 3] ; np.where({m} > {v}, {m}, 0.0) ; np.sort({m}, axis=0) ;
        np.cumsum({m}, axis=1) ; np.concatenate([{m}[1:], {m}[:1]]) ; np.sign({m}) @ np.sign({m}) ; np.tril({m}) ;
        ({a}[:, None] - {a}) ; np.array([{a}, {a}, {a}]) ; {m}.reshape(9).reshape(3, 3) ; np.moveaxis({m}, 0, 1) ;
        {m}[np.ix_({i} % 3, [1, 0, 1])]
    """,
    "w": """
        {a}[1:] ; {a}[::2] ; {a}[{n} % 3:] ; {a}[None] ; {m}[1:] ; {m}.T ; {m}.reshape(-1) ; {m}[:, 1:] ; {m}.ravel() ;
        {a}[{b}] ; {z}.real ; {m}[..., ::2].T ; np.diagonal({m}) ; np.atleast_2d({a}) ; np.swapaxes({m}, 0, 1)[1:]
    """,
}

WRITES = """
    {A}[{n} % 3] = {v} ; {A}[{n} % 3] += {v} ; {A}[0] *= {v} ; {A}[1:] = {v} ; {A}[1:] -= {a}[1:] ; {A}[::-1] = {a} ;
    {A}[...] = {a} ; {A}[{b}] = {v} ; {A}[{b}] *= {v} ; {A}[{i} % 3] = {a} ; {A}[{i} % 3] += {v} ; {A!} += {a} ;
    {A}.sort() ; {A}.fill({v}) ; np.add({a}, {a}, out={A}) ; np.multiply({A}, {v}, out={A}) ; np.cumsum({a}, out={A}) ;
    np.copyto({A}, {a}, where={b}) ; np.put({A}, {i} % 3, {v}) ; np.add.at({A}, {i} % 3, {v}) ;
    np.putmask({A}, {b}, {a}) ; np.place({A}, {b}, [{v}]) ; np.clip({a}, 0, 2, out={A}) ;
    np.take({a}, {i} % 3, out={A}, mode='clip') ; {A}[{n}] = {v} ; {M}[{n} % 3] = {a} ; {M}[:, 1] *= {v} ;
    {M}[{n} % 3, {n} % 3] = {v} ; {M}[{b}] = {a} ; {M}[{b}, 1] = {v} ; {M}.T[0] = {a} ;
    {M}.reshape(-1)[{n} % 9] = {v} ; {M}[{i} % 3, 0] += {a} ; np.fill_diagonal({M}, {v}) ; {M!} *= {a} ;
    {M}[{M} < {v}] = 0 ; {M}.sort(axis=0) ; np.sum({m}, axis=0, out={A}) ; {Z}.real[0] = {v} ; {Z}.imag = {a} ;
    {Z}[{n} % 3] *= {v} ; {I}[{n} % 3] = {n} ; {I}[{b}] += {n} ; {I!} += {i} ; {B}[{n} % 3] = {c} ; {B!} &= {b} ;
    {W}[0] = {v} ; {W}[...] += {v} ; {W}[-1] *= {v} ; {W!} -= {v} ; {W}[{n} % 3 - 1:] = {v} ; {W}.flat[0] = {v} ;
    {V!} += {v} ; {V!} = {v} ; {V!} *= {v} ; {N!} += {n} ; {N!} = {n} ; {A!} = {a} ; {V!}, ({V!},) = {v}, ({v},)
"""

ERRORS = ["ValueError", "ZeroDivisionError", "IndexError", "KeyError", "Exception"]
LEAVING = "return {r} ; return {r} ; raise ValueError('t') ; raise KeyError({n} % 2) ; 1 // ({n} % 3) ; assert {c}"
RESULTS = "{v} ; {v} ; {a} ; {n} ; ({v}, {a}) ; {'p': {a}, 'q': {v}} ; {m} ; {b} ; [{z}, {i}]"

LISTS = {  # what lists add to these tables
    "kinds": "lllllllll",
    "leaves": {"l": "[{v}, {v}] ; [] ; list({a}) ; [{v}]"},
    "expressions": {
        "v": """
            {l}[{n}] ; sum({l}) ; max({l}, default={v}) ; ({l} or [{v}])[0] ; {l}[-1] ; {l}[{n} % 2] ;
            min({l} + [{v}]) ;
            sum(e for e in {l} if e > {v}) ; {l}.pop() ; ({l} + [{v}])[{n}] ; [{l}, {l}][{n} % 2][0] ;
            sorted({l} + [{v}], key=lambda e: -e)[0] ; sum({l}[:{n}]) ; min({l} + [{v}], key=lambda e: (e - {v}) ** 2)
        """,
        "n": """
            len({l}) ; {l}.count({v}) ; len({l}[{n}:]) ; [len({l}), {n}][{c} == 1] ; len([e for e in {l} if e > {v}]) ;
            sum(range({n} & 3)) ; ({l} + [{v}]).index(max({l} + [{v}]))
        """,
        "c": "({v} in {l}) ; {l} ; ({l} == {l}) ; (not {l}) ; any(e > {v} for e in {l}) ; all({l}) ; ({l} < {l})",
        "a": "np.array(({l} + [1.0, {v}, 2.0])[:3]) ; np.array({l} + {l} + [0.5] * 3)[:3]",
        "l": """
            [{v}, {v}, {v}] ; ([{v}] * ({n} & 3)) ; list({a}) ; ({l} + [{v}]) ; {l}[:{n}] ; {l}[{n}:] ; {l}[1:] ;
            {l}.copy() ; list({l}) ; sorted({l}) ; [e for e in {l} if e > {v}] ; [e + {v} for e in {l}] ; {l}[::-1] ;
            list(reversed({l})) ; ({l} if {c} else {l}) ; ({l} + {l}) ; [{v} for _ in range({n} & 3)] ; [{n}, {v}] ;
            sorted({l}, reverse=True) ; [p + q for p, q in zip({l}, {l})] ; ([{l}, {l}][{n} % 2]) ; [None, {v}][1:] ;
            [p for p, e in enumerate({l}) if e > {v}] ; ([0.5] * 3) ; {a}.tolist() ; [[{v}], {l}][{n} % 2]
        """,
    },
    "writes": """
        {L}.append({v}) ; {L}.append({v}) ; {L}.append({v}) ; {L}.pop() ; {L}.pop({n}) ; {L}[{n}] = {v} ;
        {L}[0] += {v} ;
        {L}[{n} % 2] = {v} ; {L}.insert({n}, {v}) ; {L}.extend({l}) ; {L}.sort() ; {L}.reverse() ; {L!} = {l} ;
        {L!} = {L} ; {L!} += [{v}] ; del {L}[{n}] ; {L}.clear() ; {L}[1:] = {l} ; {L}.remove({v}) ; {L} += {l} ;
        {L}[0], {L}[{n}] = {L}[{n}], {L}[0] ; {L!} *= 2 ; {L!}, ({L!},) = {L}, ({L},) ; {L}.sort(key=lambda e: -e)
    """,
    "results": "{l} ; len({l}) ; ({l}[0], len({l})) ; sum({l}) ; {v} ; ({v}, {l})",
}

NUMBERS = {  # of other dtypes, huge ones, nan and infinities; what is divided stays exact
    "kinds": "nni",
    "leaves": {
        "v": "np.inf ; np.nan ; (-0.0) ; np.float32(1.5) ; (-7.5) ; 1e6 ; np.int32(-5)",
        "n": "(-7) ; 255 ; 2**31 ; (-2**62) ; (2**63 - 1) ; np.int32(7) ; np.uint8(250) ; np.int8(-128)",
        "i": "np.array([2**40, -7, 3]) ; np.array([250, 3, 0], np.uint8) ; np.array([-2**31, 5, 7], np.int32)",
        "a": "np.array([np.inf, -2.5, 0.0]) ; np.array([0.5, -1.5, 2.0], np.float32) ; np.array([np.nan, 1.0, -0.0])",
    },
    "expressions": {
        "v": """
            ({v} // {v}) ; ({v} % {v}) ; divmod({v}, {v})[1] ; divmod({v}, 0.5)[0] ; np.fmod({v}, {v}) ; np.sign({v}) ;
            np.float32({v}) ; np.trunc({v}) ; np.round({v}) ; round({v}, 1) ; math.floor({v}) ; math.ceil({v}) ;
            math.trunc({v}) ; math.fmod({v}, 2.0) ; np.maximum({v}, {v}) ; ({n} / 4) ;
            np.rint({v}) ; {a}.astype(np.float32).sum() ; np.nanmax({a}) ; np.nansum({a}) ; np.heaviside({v}, 0.5) ;
            {z}[{n} % 3].imag ; ({z}[0] * {z}[1]).real ; {z}.sum().real ; complex({v}, {v}).imag ; np.hypot({v}, 0.0) ;
            np.ldexp({v}, 2) ; np.copysign(1.0, {n}) ; np.clip({v}, -1, {v}) ; np.float16(1.5) ; np.sqrt(np.sign({v})) ;
            ({a} % {v}).sum() ; np.nan_to_num({v}, posinf=9.0, neginf=-9.0)
        """,
        "n": """
            ({n} // {n}) ; ({n} % {n}) ; divmod({n}, {n})[0] ; divmod({n}, {n})[1] ; ({n} << ({n} & 7)) ;
            ({n} | {n}) ;
            ({n} >> ({n} & 7)) ; abs({n}) ; (-{n}) ; (({n} & 7) ** ({n} & 3)) ; np.sign({n}) ; np.gcd({n}, {n}) ;
            np.floor_divide({n}, {n}) ; np.remainder({n}, {n}) ; np.fmod({n}, {n}) ; ({i} // {n})[0] ;
            ({i} % {i}).sum() ;
            np.int32({n} & 255) ; np.uint8({n} & 255) ; min({n}, {n}) ; max({n}, {n}) ; np.bitwise_count({n}) ;
            {i}.prod() ; np.minimum({n}, {n}) ; ({n} == {n}) ; {i}.astype(np.uint8).sum() ; math.gcd({n}, 12) ;
            np.int64({n}) ; (+{n}) ; np.invert({n}) ; np.square({n}) ; np.right_shift({n}, 3)
        """,
        "c": "np.isnan({v}) ; math.isinf({v}) ; np.isfinite({v}) ; ({n} < {n} <= {n}) ; np.isnan({a}).any()",
        "a": """
            ({a} // {v}) ; ({a} % {v}) ; ({a} // {a}) ; ({a} % {a}) ; np.fmod({a}, {a}) ; {a}.astype(np.float32) ;
            np.floor({a}) ; np.nan_to_num({a}) ; np.round({a}) ; np.modf({a})[0] ; np.divmod({a}, {a})[0] ; ({i} / 4) ;
            np.trunc({a}) ; np.sign({a}) ; {i}.astype(np.float32) ; np.nancumsum({a}) ;
            np.full(3, {n}, np.float32) ; np.sqrt(np.sign({a})) ; np.positive({a}) ; np.minimum({a}, {a}) ; ({a} / 4)
        """,
        "i": """
            ({i} // {n}) ; ({i} % {n}) ; ({i} // {i}) ; ({i} % {i}) ; ({i} << 1) ; ({i} >> 1) ; (-{i}) ; ({i} | {i}) ;
            {i}.astype(np.int32) ; {i}.astype(np.uint8) ; np.full(3, {n}) ; ({i} & {i}) ; abs({i}) ; np.square({i}) ;
            np.array([{n}, {n}, {n}]) ; np.sort({i}) ; np.gcd({i}, {i}) ; np.maximum({i}, {n}) ; np.sign({i}) ;
            np.divmod({i}, {n})[0] ; {i}.astype(np.int8) ; np.fmod({i}, {i}) ; np.cumprod({i})
        """,
        "b": "np.isnan({a}) ; np.isinf({a}) ; ({i} == {i}) ; ({i} <= {i}) ; np.isfinite({a})",
    },
    "writes": """
        {N!} //= {n} ; {N!} %= {n} ; {N!} -= {n} ; {N!} >>= 1 ; {V!} //= {v} ; {V!} %= {v} ; {A!} //= {v} ;
        {A!} %= {a} ;
        {I!} //= {n} ; {I!} %= {i} ; {I!} <<= 1 ; {I}[{n} % 3] //= {n} ; {A}[{n} % 3] %= {v} ; {A}[{b}] = np.nan ;
        {I}[0] = {v} ; {I}[1:] -= {n} ; np.floor_divide({a}, {v}, out={A}) ; np.negative({i}, out={I}) ; {V!} -= {v}
    """,
    "results": "{n} ; {i} ; ({n}, {v})",
}

TEXTS = {  # strings and dicts
    "kinds": "ttdddd",
    "leaves": {"t": "'p' ; 'q' ; 'pq'[{n} % 2]", "d": "{'p': {v}, 'q': {v}} ; {'q': {n}, 'p': {v}} ; dict(p={v})"},
    "expressions": {
        "v": """
            {d}['p'] ; {d}.get('q', {v}) ; {d}['pq'[{n} % 2]] ; sum({d}.values()) ; max({d}.values()) ; {d}.pop('p') ;
            {d}.get({t}, {v}) ; {0: {v}, 1: {v}, 2: {v}}[{n} % 3] ; {0: {v}, 1: {v}}.get({n}, {v}) ; float('1.5') ;
            sum(e for e in {d}.values() if e > {v}) ; [e for _, e in {d}.items()][-1] ; {'p': {v}, 'q': {v}}[{t}] ;
            {True: {v}, False: {v}}[{v} < {v}] ; next(iter({d}.values()))
        """,
        "n": "len({d}) ; len({t}) ; {t}.find('q') ; {t}.count('p') ; ord({t}[0]) ; sum(1 for e in {d}) ; int('7')",
        "c": """
            ({t} == {t}) ; ({t} < {t}) ; ('p' in {t}) ; {t}.startswith('p') ; ('r' in {d}) ; ({t} in {d}) ; {d} ; {t} ;
            ({d} == {d}) ; (list({d}) == ['p', 'q'])
        """,
        "t": """
            ('p' if {c} else 'q') ; ({t} + {t})[:4] ; {t}.upper() ; {t}[::-1] ; 'pqr'[{n} % 3] ; max({t}, {t}) ;
            {t}.replace('p', 'qr')[:4] ; list({d})[0] ; ['p', {t}][{n} % 2]
        """,
        "d": """
            {**{d}, 'p': {v}} ; {k: e + {v} for k, e in {d}.items()} ; {d}.copy() ; dict({d}) ; ({d} | {'r': {v}}) ;
            ({d} if {c} else {d}) ; {k: e for k, e in {d}.items() if e > {v}} ; {{t}: {v}, 'p': {v}} ;
            dict(zip('pq', {a})) ; {e: {v} for e in 'pqr'}
        """,
    },
    "writes": """
        {D}['p'] = {v} ; {D}['q'] += {v} ; {D}['pq'[{n} % 2]] = {v} ; {D}.update(q={v}) ; {D}.setdefault('r', {v}) ;
        {D}.pop('r', None) ; {D!} = {d} ; del {D}['q'] ; {D}[{t}] = {v} ; {D!} |= {d} ; {D}.clear() ; {T!} = {t} ;
        {T!} = ({t} + {t})[:4] ; {D!}, ({D!},) = {D}, ({D},) ; {D}['p'] = {a}.copy()[0]
    """,
    "results": "{d}['p'] ; len({d}) ; {v} ; ({t}, {v}) ; {d}",
}

ALGEBRA = {  # small matrices; what is not exact is rounded, from where there are no ties
    "kinds": "mma",
    "leaves": {},
    "expressions": {
        "v": """
            np.round(np.linalg.det(np.sign({m}))) ; np.linalg.norm(np.sign({a})) ; np.linalg.norm(np.sign({m}), 1) ;
            np.inner(np.sign({a}), np.sign({a})) ; np.vdot(np.sign({a}), np.sign({a})) ; (np.sign({a}) @ np.sign({a})) ;
            np.linalg.slogdet(np.sign({m}) + 4 * np.eye(3))[0] ; np.linalg.matrix_rank(np.sign({m})) ;
            np.einsum('ij,ji->', np.sign({m}), np.sign({m})) ; np.trace(np.sign({m}) @ np.sign({m})) ;
            np.linalg.norm(np.sign({a}), np.inf) ; np.round(np.linalg.cond(np.eye(3) * 2), 6)
        """,
        "a": """
            np.round(np.linalg.solve(np.sign({m}) + 4 * np.eye(3), np.sign({a})) / np.e, 6) ;
            np.cross(np.sign({a}), np.sign({a})) ; (np.sign({m}) @ np.sign({a})) ; (np.sign({a}) @ np.sign({m})) ;
            np.linalg.eigvalsh(np.diag(np.sign({a}))) ;
            np.einsum('ij,j->i', np.sign({m}), np.sign({a})) ; np.dot(np.sign({m}), np.sign({a})) ;
            np.linalg.norm(np.sign({m}), axis=1) ; np.tensordot(np.sign({m}), np.sign({a}), 1) ; np.diag({m}) ;
            np.round(np.linalg.solve(np.sign({m}), np.sign({a})) / np.e, 6) ;
            np.convolve(np.sign({a}), np.ones(2))[:3] ; np.triu({m})[0] ;
            np.linalg.multi_dot([np.sign({m}), np.sign({m}), np.sign({a})])
        """,
        "m": """
            (np.sign({m}) @ np.sign({m})) ; np.round(np.linalg.inv(np.sign({m}) + 4 * np.eye(3)) / np.e, 6) ;
            np.triu({m}) ; np.round(np.linalg.inv(np.sign({m})) / np.e, 6) ; np.linalg.matrix_power(np.sign({m}), 3) ;
            np.diag({a}) ; np.linalg.cholesky(4 * np.eye(3)) ;
            np.round(np.linalg.solve(np.sign({m}) + 4 * np.eye(3), np.eye(3)) / np.e, 6) ;
            np.einsum('ij,kj->ik', np.sign({m}), np.sign({m})) ; np.kron(np.sign({a}), np.sign({a})).reshape(3, 3) ;
            np.dot(np.sign({m}), np.sign({m}).T) ; np.block([[{m}[:1]], [{m}[1:]]]) ; np.rot90({m}) ; np.flip({m}, 0) ;
            np.linalg.matrix_power(np.sign({m}), 0) ; np.matmul(np.sign({m}).T, np.sign({m}))
        """,
    },
    "writes": """
        np.matmul(np.sign({m}), np.sign({m}), out={M}) ; {M}[...] = np.sign({m}) @ np.sign({m}) ; {M}[{n} % 3] -= {a} ;
        {M}[1:] -= np.outer(np.sign({a}[:2]), {a}) ; {M}[[0, 1]] = {M}[[1, 0]] ; {M!} = {m} ;
        {A!} = np.sign({m}) @ np.sign({a}) ;
        np.dot(np.sign({m}), np.sign({a}), out={A}) ; {M}[{n} % 3], {M}[0] = {M}[0].copy(), {M}[{n} % 3].copy()
    """,
    "results": "{m} ; {a} ; {v}",
}

MASKS = {
    "kinds": "bbbwww",
    "leaves": {},
    "expressions": {
        "v": """
            {a}[{b}].mean() ; {a}[{b}][0] ; {a}[{b}][-1] ; {a}[{b}][{n}] ; np.max({a}[{b}]) ; ({a}[{b}] * {v}).sum() ;
            np.median({a}[{b}]) ; sum({a}[{b}]) ; sum(e * {v} for e in {a}[{b}]) ; np.prod({a}[{b}]) ;
            ({a}[{b}] if {c} else {a}[{b}]).sum() ; {w}.max() ; {w}[0] ; {w}[-1] ; {a}[{b}][{a}[{b}] > {v}].sum() ;
            sum(p * e for p, e in enumerate({a}[{b}])) ; len(list({a}[{b}])) ; max({a}[{b}]) ;
            {a}[np.nonzero({b})[0]].sum() ; {m}[{m} > {v}].min() ; np.ptp({a}[{b}]) ; {m}[{b}].sum(axis=0)[1]
        """,
        "n": """
            np.nonzero({b})[0][0] ; len(np.flatnonzero({b})) ; np.where({b})[0].sum() ; np.argmax({a}[{b}]) ;
            {i}[{b}].sum() ; {i}[np.nonzero({b})[0]].max() ; np.count_nonzero({a}[{b}] > {v}) ; {a}[{b}].size ;
            len(np.unique({a})) ; np.argmin({i}[{b}]) ; {w}.size ; len({w})
        """,
        "c": "{a}[{b}].size ; np.any({a}[{b}] > {v}) ; ({a}[{b}] > {v}).all() ; len({a}[{b}]) ; isinstance({w}, list)",
        "b": "({m}[0] > {v}) ; (np.arange(3) < {n})",
        "w": """
            {a}[{b}] ; ({a}[{b}] + {v}) ; {m}[{b}] ; {m}[{m} > {v}] ; {a}[np.nonzero({b})[0]] ; np.abs({a}[{b}]) ;
            np.cumsum({a}[{b}]) ; np.unique({a}) ; np.sort({a}[{b}]) ; ({w} * {v}) ; {m}[{m} > {v}] ; {i}[{b}]
        """,
    },
    "writes": """
        {A}[{B}] = {a}[{B}] ; {A}[{B}] = {v} ; {A}[{B}] += {a}[{B}] ; {A}[{A} < {v}] *= {v} ; {M}[{B}] = {m}[{B}] ;
        {A}[{A} > 0] = abs({A}[{A} > 0]) ; {W!} *= {v} ; {W!} += {v} ; {W}[0] = {v} ; {W}[...] = {v} ;
        {B}[{n} % 3] = {c} ; {A}[np.nonzero({B})[0]] = {v} ; {M}[{M} > {v}] -= {v}
    """,
    "results": "{v} ; {a} ; {n} ; {m}",
}

FLAVOURS = {"lists": LISTS, "numbers": NUMBERS, "texts": TEXTS, "algebra": ALGEBRA, "masks": MASKS}
"""What may be added to the tables above."""
