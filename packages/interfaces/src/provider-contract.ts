/**
 * The version of the contract between providers and who uses them: `PmemProvider`, `ProviderCapabilities` and `ProviderPlugin`.
 *
 * Its first number changes when a provider that was right becomes wrong, or the other way round; its second when something optional is added.
 */
export const PROVIDER_CONTRACT = '1.1'
