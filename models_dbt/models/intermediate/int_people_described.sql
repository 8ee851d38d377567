select
    library_id,
    person_id,
    arg_max_null(name, fact) filter (where kind = 'named') as name,
    coalesce(arg_max(kind, fact) filter (where kind in ('hidden', 'shown')) = 'hidden', false) as is_hidden
from {{ ref('stg_person_facts') }}
group by library_id, person_id
