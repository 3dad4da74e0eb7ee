/** The models to choose among, and how a choice is asked for. */
/** @typedef {Pick<import('./types.js').Model, 'name'|'label'>} Named */
/** @typedef {Partial<import('./types.js').Model> & {name: string, state: string, default?: boolean}} KnownModel */
/** @typedef {{name: string, label: string|null, task: string|null, state: string, isCurrent: boolean}} ListedModel */
/**
 * @param {KnownModel[]} models as `GET /v1/models` has them
 * @param {Named|null} current the session's model, as the welcome has it
 * @returns {ListedModel[]} each name and label once, the default model first
 */
export function listModels(models: KnownModel[], current: Named | null): ListedModel[];
/**
 * Of the models that a user has had, those to list beside what the server offers: it forgets models that
 * no session uses. An entry without a label goes where its name leads to a label now.
 * @template {{name: string, label?: string|null}} M
 * @param {M[]} used
 * @param {{name: string, label?: string|null}[]} offered by the server
 * @returns {M[]}
 */
export function stillOffered<M extends {
    name: string;
    label?: string | null;
}>(used: M[], offered: {
    name: string;
    label?: string | null;
}[]): M[];
/**
 * The session options for a model; null withdraws what was asked for before.
 * @param {Named} model
 */
export function optionsFor({ name, label }: Named): {
    model: string;
    label: string | null;
    version: null;
};
export type Named = Pick<import("./types.js").Model, "name" | "label">;
export type KnownModel = Partial<import("./types.js").Model> & {
    name: string;
    state: string;
    default?: boolean;
};
export type ListedModel = {
    name: string;
    label: string | null;
    task: string | null;
    state: string;
    isCurrent: boolean;
};
