"""Arrow tables as DataFrames that lose nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa

if TYPE_CHECKING:
    import pandas as pd


def to_pandas(table: pa.Table) -> pd.DataFrame:
    """An Arrow table as a DataFrame that keeps nulls: nullable booleans and integers, text as text."""
    import pandas as pd  # noqa: PLC0415  pandas is only paid for where a DataFrame is wanted

    kinds = {
        pa.bool_(): pd.BooleanDtype(),
        pa.int64(): pd.Int64Dtype(),
        pa.int32(): pd.Int32Dtype(),
        pa.string(): pd.StringDtype(),
    }
    frame: pd.DataFrame = table.to_pandas(types_mapper=kinds.get, date_as_object=True)
    return frame
