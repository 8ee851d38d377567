select batches.*
from {{ source('core', 'batches') }} as batches
