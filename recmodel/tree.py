"""Attention for targets that share a prefix: each sees the prefix and itself, never another.

A mask over one long sequence would say the same, but a target's own key would then stand at a
place that depends on the targets before it, sums would run in another order there, and its last
bits would depend on the company. Here every target's own key stands right after the prefix. It
also looks at P + 1 keys where the mask looks at P + S, most of them to no use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from transformers import AttentionInterface, AttentionMaskInterface
from transformers.integrations.sdpa_attention import sdpa_attention_forward
from transformers.masking_utils import sdpa_mask

if TYPE_CHECKING:
    from recmodel.prefixes import Past

# transformers finds attention functions, and what makes their masks, by name.
TREE = "lethe_tree"


def tree_attention(
    module: nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    scaling: float,
    past: Past | None = None,
    suffix_size: int = 1,
    **kwargs: Any,
) -> tuple[Tensor, None]:
    """Attend from suffixes [B, H, S * T, D] to their prefixes and to themselves; [B, S * T, H, D].

    Without `past` it is transformers' own attention, which is what reads prefixes. The mask is
    the prefix's, [B, 1, 1, P]. `suffix_size` is T: a token sees its own suffix up to itself. Keys
    and values may have fewer heads than queries (grouped-query attention, arXiv 2305.13245).
    """
    if past is None:
        plain: tuple[Tensor, None] = sdpa_attention_forward(
            module, query, key, value, attention_mask, scaling=scaling, **kwargs
        )
        return plain
    keys, values = past.states[module.layer_idx].to(query.device)  # type: ignore[index]
    assert attention_mask is not None
    query = query * scaling
    if suffix_size > 1 or key.shape[1] != query.shape[1]:
        return _branches(query, key, value, keys, values, attention_mask, suffix_size), None
    to_prefix = query @ keys.transpose(-1, -2) + attention_mask
    to_self = (query * key).sum(-1, keepdim=True)
    scores = torch.cat([to_prefix, to_self], dim=-1)
    shares = torch.softmax(scores, dim=-1, dtype=torch.float32).to(value.dtype)
    P = keys.shape[-2]
    out = shares[..., :P] @ values + shares[..., P:] * value
    return out.transpose(1, 2).contiguous(), None


def _branches(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    keys: Tensor,
    values: Tensor,
    mask: Tensor,
    T: int,
) -> Tensor:
    """Attend from suffixes of T tokens each, G query heads to one of keys and values.

    query [B, H, S * T, D], scaled; key, value [B, K, S * T, D]; keys, values [B, K, P, D].
    """
    B, H, N, D = query.shape
    K, P = keys.shape[1], keys.shape[2]
    G, S = H // K, N // T
    to_prefix = query.reshape(B, K, G * N, D) @ keys.transpose(-1, -2) + mask
    own_key, own_value = (own.reshape(B, K, 1, S, T, D) for own in (key, value))
    to_own = query.reshape(B, K, G, S, T, D) @ own_key.transpose(-1, -2)
    later = torch.ones(T, T, dtype=torch.bool, device=query.device).triu(1)
    to_own = to_own.masked_fill(later, float("-inf"))
    scores = torch.cat([to_prefix.view(B, K, G, S, T, P), to_own], dim=-1)
    shares = torch.softmax(scores, dim=-1, dtype=torch.float32).to(value.dtype)
    from_prefix = shares[..., :P].reshape(B, K, G * N, P) @ values
    from_own = shares[..., P:] @ own_value
    out = from_prefix.view(B, H, N, D) + from_own.reshape(B, H, N, D)
    return out.transpose(1, 2).contiguous()


AttentionInterface.register(TREE, tree_attention)
AttentionMaskInterface.register(TREE, sdpa_mask)
