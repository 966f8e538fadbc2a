/*
 * The certificate library insists on the metadata part of Reflect (its container of algorithms asks for constructor
 * parameters), which nothing here provides. Nothing is ever declared, so answering "none" is all that is needed.
 */
Object.assign(Reflect, {
  getMetadata: () => undefined,
  getOwnMetadata: () => undefined,
  defineMetadata: () => undefined,
});

export {};
