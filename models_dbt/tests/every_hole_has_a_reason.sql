{{ config(severity='warn') }}

select
    photo_id,
    output,
    state
from {{ ref('processing_completeness') }}
where state <> 'done' and reason is null
