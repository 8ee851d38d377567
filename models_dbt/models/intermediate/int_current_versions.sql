-- Which version of each output counts in each library.
select
    library_id,
    output,
    output_version,
    provider,
    since
from {{ ref('stg_output_versions') }}
qualify row_number() over (partition by library_id, output order by since desc) = 1
